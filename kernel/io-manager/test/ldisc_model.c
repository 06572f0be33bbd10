/* kernel/io-manager/test/ldisc_model.c: a device that only remembers. */
#include "ldisc_model.h"

#include <string.h>

static size_t model_room(struct ldisc *l)
{
	return ((struct model *)l)->room;
}

static void model_send(struct ldisc *l, const uint8_t *bytes, size_t n)
{
	struct model *m = (struct model *)l;

	memcpy(m->output + m->noutput, bytes, n);
	m->noutput += n;
	m->room -= n;
}

static void model_signal(struct ldisc *l, int signal)
{
	struct model *m = (struct model *)l;

	m->signals[m->nsignals++ % 64] = signal;
}

static void model_flush_output(struct ldisc *l)
{
	struct model *m = (struct model *)l;

	m->flushes++;
	m->room += m->noutput;
	m->noutput = 0;
}

static void model_input_flushed(struct ldisc *l)
{
}

static void model_flow_changed(struct ldisc *l, bool is_stopped)
{
}

static const struct ldisc_ops model_ops = {
	.room = model_room,
	.send = model_send,
	.signal = model_signal,
	.flush_output = model_flush_output,
	.input_flushed = model_input_flushed,
	.flow_changed = model_flow_changed,
};

void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	m->room = sizeof(m->output) - 1;
	ldisc_init(&m->ldisc, &model_ops, &ldisc_default_termios);
}

const char *model_take_output(struct model *m)
{
	m->output[m->noutput] = '\0';
	m->room += m->noutput;
	m->noutput = 0;
	return (const char *)m->output;
}

void model_set(struct model *m, tcflag_t iflag, tcflag_t oflag, tcflag_t lflag)
{
	struct ktermios t = m->ldisc.termios;

	t.c_iflag = iflag;
	t.c_oflag = oflag;
	t.c_lflag = lflag;
	ldisc_set_termios(&m->ldisc, &t);
}
