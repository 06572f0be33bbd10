/* kernel/ps/src/wait_rules.h: which child a wait is for, and what of it counts (man 2 waitid). */
#ifndef PS_WAIT_RULES_H
#define PS_WAIT_RULES_H

#include <nucleus/compiler.h>

/* linux/wait.h */
#define WAIT_P_ALL 0
#define WAIT_P_PID 1
#define WAIT_P_PGID 2
#define WAIT_OPTION_NOHANG 0x1u
#define WAIT_OPTION_STOPPED 0x2u
#define WAIT_OPTION_EXITED 0x4u
#define WAIT_OPTION_CONTINUED 0x8u
#define WAIT_OPTION_NOWAIT 0x01000000u
#define WAIT_OPTION_ALL 0x40000000u
#define WAIT_OPTION_CLONE 0x80000000u

/* asm-generic/siginfo.h: CLD_* */
#define WAIT_CODE_EXITED 1
#define WAIT_CODE_KILLED 2
#define WAIT_CODE_DUMPED 3
#define WAIT_CODE_STOPPED 5
#define WAIT_CODE_CONTINUED 6

enum wait_event { WAIT_NOTHING, WAIT_EXITED, WAIT_STOPPED, WAIT_CONTINUED };

/* @is_clone: the child sends another signal than SIGCHLD when it ends. */
bool wait_selects(int which, uint32_t id, uint32_t options, uint32_t pid, uint32_t pgid, bool is_clone);
enum wait_event wait_choose_event(uint32_t options, bool is_zombie, bool has_stopped, bool has_continued);

#endif
