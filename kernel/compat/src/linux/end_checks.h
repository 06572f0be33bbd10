/* kernel/compat/src/linux/end_checks.h: what a machine is checked for before it ends; nothing in release builds. */
#ifndef COMPAT_END_CHECKS_H
#define COMPAT_END_CHECKS_H

#ifdef CONFIG_DEBUG
/* Every program is gone and services are idle: tell the log of objects that nobody holds any more, and of stacks
 * that were nearly used up. Context: process; sleeps while counts still change. */
void end_checks(void);
#else
static inline void end_checks(void) { }
#endif

#endif
