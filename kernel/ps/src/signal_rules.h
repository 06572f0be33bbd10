/* kernel/ps/src/signal_rules.h: rules of man 7 signal that need nothing but numbers. */
#ifndef PS_SIGNAL_RULES_H
#define PS_SIGNAL_RULES_H

#include <nucleus/compiler.h>
#include <ps/signal.h>

bool signal_default_is_ignore(int sig);
bool signal_default_is_stop(int sig);
/* The signal of @set that is delivered first; 0: the set is empty. Faults go before all others,
 * since they belong to the instruction that the thread stands at. */
int signal_choose(uint64_t set);
#define SIGNAL_STOP_SET (SIGNAL_BIT(19) | SIGNAL_BIT(20) | SIGNAL_BIT(21) | SIGNAL_BIT(22))
#define SIGNAL_UNBLOCKABLE (SIGNAL_BIT(9) | SIGNAL_BIT(19))

/* signals: */
int signal_queue_add(struct signal_queue *q, int sig, const struct signal_info *info, uint32_t limit);
int signal_queue_take(struct signal_queue *q, uint64_t set, struct signal_info *info);
void signal_queue_remove(struct signal_queue *q, uint64_t set);

/* May a process with the ids and capabilities @from signal one with @to (man 2 kill)? */
struct credentials;
bool signal_ids_permit(const struct credentials *from, const struct credentials *to);

#endif
