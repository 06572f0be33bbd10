/* drivers/bridges/input/ps2/ps2.c: the i8042 with a keyboard and a mouse.
 *
 * The controller translates to scan code set 1 (IBM PS/2 Hardware Interface Technical Reference,
 * "Keyboard and Auxiliary Device Controller"); the mouse speaks the IntelliMouse protocol when it can.
 *
 * Locking: lock guards the decoders and the data port once interrupts come.
 */
#include <driver/api.h>
#include <errno.h>
#include <linux/input-event-codes.h>

#define PORT_DATA 0x60
#define PORT_STATUS 0x64
#define STATUS_OUTPUT_FULL 0x01
#define STATUS_INPUT_FULL 0x02
#define STATUS_FROM_MOUSE 0x20

#define CMD_READ_CONFIG 0x20
#define CMD_WRITE_CONFIG 0x60
#define CMD_DISABLE_MOUSE 0xa7
#define CMD_ENABLE_MOUSE 0xa8
#define CMD_SELF_TEST 0xaa
#define CMD_DISABLE_KEYBOARD 0xad
#define CMD_ENABLE_KEYBOARD 0xae
#define CMD_TO_MOUSE 0xd4
#define SELF_TEST_OK 0x55

#define CONFIG_KEYBOARD_IRQ 0x01
#define CONFIG_MOUSE_IRQ 0x02
#define CONFIG_NO_KEYBOARD 0x10
#define CONFIG_NO_MOUSE 0x20
#define CONFIG_TRANSLATE 0x40

#define DEV_SET_LEDS 0xed
#define DEV_GET_ID 0xf2
#define DEV_SET_RATE 0xf3
#define DEV_ENABLE 0xf4
#define DEV_DEFAULTS 0xf6
#define DEV_ACK 0xfa

#define KEYBOARD_GSI 1
#define MOUSE_GSI 12
#define TIMEOUT_NS 50000000ull
#define CAUSES_MAX 64		/* bytes of one interrupt: a controller that went mad must not keep us */

#define BUS_I8042 0x11
#define SET1_RELEASE 0x80
#define SET1_IDENTITY_LAST 0x58	/* up to F12 the codes are Linux's */
#define ID_WHEEL 3
#define DETENT 120

struct key { uint8_t scan; uint16_t code; };
static const struct key plain_keys[] = {
	{ 0x54, KEY_SYSRQ }, { 0x70, KEY_KATAKANAHIRAGANA }, { 0x73, KEY_RO }, { 0x79, KEY_HENKAN },
	{ 0x7b, KEY_MUHENKAN }, { 0x7d, KEY_YEN },
};
/* After E0. */
static const struct key extended_keys[] = {
	{ 0x10, KEY_PREVIOUSSONG }, { 0x19, KEY_NEXTSONG }, { 0x1c, KEY_KPENTER }, { 0x1d, KEY_RIGHTCTRL },
	{ 0x20, KEY_MUTE }, { 0x21, KEY_CALC }, { 0x22, KEY_PLAYPAUSE }, { 0x24, KEY_STOPCD }, { 0x2e, KEY_VOLUMEDOWN },
	{ 0x30, KEY_VOLUMEUP }, { 0x32, KEY_HOMEPAGE }, { 0x35, KEY_KPSLASH }, { 0x37, KEY_SYSRQ }, { 0x38, KEY_RIGHTALT },
	{ 0x46, KEY_PAUSE }, { 0x47, KEY_HOME }, { 0x48, KEY_UP }, { 0x49, KEY_PAGEUP }, { 0x4b, KEY_LEFT },
	{ 0x4d, KEY_RIGHT }, { 0x4f, KEY_END }, { 0x50, KEY_DOWN }, { 0x51, KEY_PAGEDOWN }, { 0x52, KEY_INSERT },
	{ 0x53, KEY_DELETE }, { 0x5b, KEY_LEFTMETA }, { 0x5c, KEY_RIGHTMETA }, { 0x5d, KEY_COMPOSE }, { 0x5e, KEY_POWER },
	{ 0x5f, KEY_SLEEP }, { 0x63, KEY_WAKEUP }, { 0x65, KEY_SEARCH }, { 0x66, KEY_BOOKMARKS }, { 0x67, KEY_REFRESH },
	{ 0x68, KEY_STOP }, { 0x69, KEY_FORWARD }, { 0x6a, KEY_BACK }, { 0x6b, KEY_COMPUTER }, { 0x6c, KEY_MAIL },
	{ 0x6d, KEY_MEDIA },
};

static struct {
	struct drv_lock lock;
	struct drv_input keyboard, mouse;
	uint8_t held[KEY_CNT / 8];
	bool is_extended;
	uint8_t pause_left;		/* bytes after E1 that make up Pause */
	uint32_t acks;
	uint8_t leds;
	uint8_t packet[4], packet_bytes, packet_len;
	uint8_t buttons;
} ps2;

/* ---- the controller ---- */

static bool wait_status(uint8_t bit, bool is_set)
{
	uint64_t until = drv_clock_ns() + TIMEOUT_NS;

	while (!(drv_io_read8(PORT_STATUS) & bit) == is_set)
		if (drv_clock_ns() > until)
			return false;
	return true;
}

static bool command(uint8_t value)
{
	if (!wait_status(STATUS_INPUT_FULL, false))
		return false;
	drv_io_write8(PORT_STATUS, value);
	return true;
}

static bool write_data(uint8_t value)
{
	if (!wait_status(STATUS_INPUT_FULL, false))
		return false;
	drv_io_write8(PORT_DATA, value);
	return true;
}

/* Returns: the next byte; -1 when none comes. */
static int read_data(void)
{
	return wait_status(STATUS_OUTPUT_FULL, true) ? drv_io_read8(PORT_DATA) : -1;
}

static void drain(void)
{
	for (int i = 0; i < CAUSES_MAX && (drv_io_read8(PORT_STATUS) & STATUS_OUTPUT_FULL); i++)
		drv_io_read8(PORT_DATA);
}

static bool tell_mouse(uint8_t value)
{
	return command(CMD_TO_MOUSE) && write_data(value) && read_data() == DEV_ACK;
}

static bool tell_keyboard(uint8_t value)
{
	return write_data(value) && read_data() == DEV_ACK;
}

/* ---- keyboard ---- */

static uint16_t code_of(const struct key *keys, size_t n, uint8_t scan)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i].scan == scan)
			return keys[i].code;
	return KEY_RESERVED;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint16_t key_of(uint8_t scan, bool is_extended)
{
	if (is_extended)
		return code_of(extended_keys, COUNT(extended_keys), scan);
	if (scan <= SET1_IDENTITY_LAST && scan != 0x54 && scan != 0x55)
		return scan;
	return code_of(plain_keys, COUNT(plain_keys), scan);
}

static void send_key(uint16_t code, int32_t scan, bool is_pressed)
{
	uint8_t bit = (uint8_t)(1u << code % 8);
	bool was_held = ps2.held[code / 8] & bit;

	drv_input_event(&ps2.keyboard, EV_MSC, MSC_SCAN, scan);
	drv_input_event(&ps2.keyboard, EV_KEY, code, is_pressed + (is_pressed && was_held));
	drv_input_event(&ps2.keyboard, EV_SYN, SYN_REPORT, 0);
	ps2.held[code / 8] = (uint8_t)(is_pressed ? ps2.held[code / 8] | bit : ps2.held[code / 8] & ~bit);
}

/* Pause has a sequence of six bytes, and none for its release. */
static void take_pause(void)
{
	if (--ps2.pause_left)
		return;
	send_key(KEY_PAUSE, 0, true);
	send_key(KEY_PAUSE, 0, false);
}

static void take_scan(uint8_t byte)
{
	bool is_extended = ps2.is_extended;
	uint8_t scan = byte & 0x7f;
	uint16_t code;

	if (ps2.pause_left) {
		take_pause();
		return;
	}
	ps2.is_extended = byte == 0xe0;
	if (byte == 0xe0)
		return;
	if (byte == 0xe1) {
		ps2.pause_left = 5;
		return;
	}
	if (byte == DEV_ACK) {
		ps2.acks++;
		return;
	}
	code = key_of(scan, is_extended);
	if (code != KEY_RESERVED)
		send_key(code, scan | (is_extended ? 0x80 : 0), !(byte & SET1_RELEASE));
}

static bool send_and_wait(uint8_t value)
{
	uint64_t until = drv_clock_ns() + TIMEOUT_NS;
	uint32_t before = __atomic_load_n(&ps2.acks, __ATOMIC_ACQUIRE);

	if (!write_data(value))
		return false;
	while (__atomic_load_n(&ps2.acks, __ATOMIC_ACQUIRE) == before)
		if (drv_clock_ns() > until)
			return false;
	return true;
}

/* The keyboard numbers them otherwise than Linux. */
static void set_led(struct drv_input *d, uint16_t code, bool is_on)
{
	static const uint8_t bits[] = { [LED_NUML] = 2, [LED_CAPSL] = 4, [LED_SCROLLL] = 1 };

	if (code >= sizeof(bits))
		return;
	ps2.leds = (uint8_t)(is_on ? ps2.leds | bits[code] : ps2.leds & ~bits[code]);
	if (send_and_wait(DEV_SET_LEDS))
		send_and_wait(ps2.leds);
}

/* ---- mouse ---- */

static void send_buttons(uint8_t buttons)
{
	static const uint16_t codes[] = { BTN_LEFT, BTN_RIGHT, BTN_MIDDLE };

	for (unsigned i = 0; i < COUNT(codes); i++)
		drv_input_event(&ps2.mouse, EV_KEY, codes[i], buttons >> i & 1);
}

static void send_packet(const uint8_t *p)
{
	int x = p[1] - (p[0] & 0x10 ? 256 : 0), y = p[2] - (p[0] & 0x20 ? 256 : 0);
	int wheel = ps2.packet_len == 4 ? -(int8_t)p[3] : 0;

	send_buttons(p[0] & 7);
	drv_input_event(&ps2.mouse, EV_REL, REL_X, x);
	drv_input_event(&ps2.mouse, EV_REL, REL_Y, -y);
	drv_input_event(&ps2.mouse, EV_REL, REL_WHEEL, wheel);
	drv_input_event(&ps2.mouse, EV_REL, REL_WHEEL_HI_RES, wheel * DETENT);
	drv_input_event(&ps2.mouse, EV_SYN, SYN_REPORT, 0);
}

/* Bit 3 of a packet's first byte is always set: what lost a byte finds its place again. */
static void take_motion(uint8_t byte)
{
	if (!ps2.packet_bytes && !(byte & 8))
		return;
	ps2.packet[ps2.packet_bytes++] = byte;
	if (ps2.packet_bytes < ps2.packet_len)
		return;
	ps2.packet_bytes = 0;
	send_packet(ps2.packet);
}

/* ---- both ---- */

static void interrupt(void *context)
{
	uint64_t flags = drv_lock_acquire(&ps2.lock);

	for (int i = 0; i < CAUSES_MAX; i++) {
		uint8_t status = drv_io_read8(PORT_STATUS), byte;

		if (!(status & STATUS_OUTPUT_FULL))
			break;
		byte = drv_io_read8(PORT_DATA);
		if (status & STATUS_FROM_MOUSE)
			take_motion(byte);
		else
			take_scan(byte);
	}
	drv_lock_release(&ps2.lock, flags);
}

static void name_device(struct drv_input *d, const char *name, const char *phys, uint16_t product)
{
	for (size_t i = 0; name[i] && i < sizeof(d->name) - 1; i++)
		d->name[i] = name[i];
	for (size_t i = 0; phys[i] && i < sizeof(d->phys) - 1; i++)
		d->phys[i] = phys[i];
	d->bus = BUS_I8042;
	d->vendor = product;
	d->product = 1;
	drv_input_set(d->types, EV_SYN);
	drv_input_set(d->types, EV_KEY);
}

static int add_keyboard(void)
{
	struct drv_input *d = &ps2.keyboard;

	name_device(d, "AT Translated Set 2 keyboard", "isa0060/serio0/input0", 1);
	drv_input_set(d->types, EV_MSC);
	drv_input_set(d->types, EV_LED);
	drv_input_set(d->types, EV_REP);
	drv_input_set(d->misc, MSC_SCAN);
	for (unsigned scan = 1; scan < SET1_RELEASE; scan++) {
		drv_input_set(d->keys, key_of((uint8_t)scan, false));
		drv_input_set(d->keys, key_of((uint8_t)scan, true));
	}
	d->keys[0] &= (uint8_t)~1u;	/* KEY_RESERVED: what has no code */
	drv_input_set(d->keys, KEY_PAUSE);
	for (unsigned led = LED_NUML; led <= LED_SCROLLL; led++)
		drv_input_set(d->leds, led);
	d->repeats_itself = true;
	d->set_led = set_led;
	return drv_input_add(d);
}

static int add_mouse(bool has_wheel)
{
	struct drv_input *d = &ps2.mouse;

	name_device(d, has_wheel ? "ImPS/2 Generic Wheel Mouse" : "PS/2 Generic Mouse", "isa0060/serio1/input0", 2);
	d->product = has_wheel ? 5 : 1;
	drv_input_set(d->types, EV_REL);
	for (unsigned button = BTN_LEFT; button <= BTN_MIDDLE; button++)
		drv_input_set(d->keys, button);
	drv_input_set(d->relative, REL_X);
	drv_input_set(d->relative, REL_Y);
	if (has_wheel) {
		drv_input_set(d->relative, REL_WHEEL);
		drv_input_set(d->relative, REL_WHEEL_HI_RES);
	}
	drv_input_set(d->properties, INPUT_PROP_POINTER);
	return drv_input_add(d);
}

/* The rates that tell a wheel mouse to send its fourth byte. Returns: the mouse's id; -1 there is none. */
static int start_mouse(void)
{
	static const uint8_t knock[] = { 200, 100, 80 };

	if (!tell_mouse(DEV_DEFAULTS))
		return -1;
	for (unsigned i = 0; i < COUNT(knock); i++)
		if (!tell_mouse(DEV_SET_RATE) || !tell_mouse(knock[i]))
			return -1;
	return tell_mouse(DEV_GET_ID) ? read_data() : -1;
}

/* Both devices silent, no interrupts, and the test passed. */
static bool reset_controller(uint8_t *config)
{
	int answer;

	if (!command(CMD_DISABLE_KEYBOARD) || !command(CMD_DISABLE_MOUSE))
		return false;
	drain();
	if (!command(CMD_SELF_TEST) || read_data() != SELF_TEST_OK || !command(CMD_READ_CONFIG))
		return false;
	answer = read_data();
	if (answer < 0)
		return false;
	*config = (uint8_t)(answer & ~(CONFIG_KEYBOARD_IRQ | CONFIG_MOUSE_IRQ | CONFIG_NO_KEYBOARD | CONFIG_NO_MOUSE));
	*config |= CONFIG_TRANSLATE;
	return command(CMD_WRITE_CONFIG) && write_data(*config);
}

static int add_devices(bool has_keyboard, int mouse)
{
	int err = has_keyboard ? add_keyboard() : 0;

	if (!err && mouse >= 0)
		err = add_mouse(mouse == ID_WHEEL);
	return err;
}

/* Interrupts come last: what fails before them leaves nothing that leads here. */
static int init(void)
{
	uint8_t config;
	bool has_keyboard;
	int mouse, err;

	drv_lock_init(&ps2.lock);
	if (!reset_controller(&config))
		return -ENODEV;
	command(CMD_ENABLE_MOUSE);
	mouse = start_mouse();
	command(CMD_ENABLE_KEYBOARD);
	has_keyboard = tell_keyboard(DEV_DEFAULTS) && tell_keyboard(DEV_ENABLE);
	if (!has_keyboard && mouse < 0)
		return -ENODEV;
	ps2.packet_len = mouse == ID_WHEEL ? 4 : 3;
	err = drv_irq_gsi(KEYBOARD_GSI, false, false, interrupt, NULL);
	if (!err && mouse >= 0)
		err = drv_irq_gsi(MOUSE_GSI, false, false, interrupt, NULL);
	if (!err)
		err = add_devices(has_keyboard, mouse);
	if (err) {
		drv_log("ps2: error %d", err);
		return 0;	/* the interrupts lead here for ever */
	}
	if (mouse >= 0)
		tell_mouse(DEV_ENABLE);
	drain();
	config |= CONFIG_KEYBOARD_IRQ | (mouse >= 0 ? CONFIG_MOUSE_IRQ : 0);
	command(CMD_WRITE_CONFIG);
	write_data(config);
	return 0;
}

DRIVER_ENTRY(ps2, init);
