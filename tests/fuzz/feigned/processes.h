/* tests/fuzz/feigned/processes.h: included before sources of runtimed: processes and descriptors are the target's. */
#ifndef FEIGNED_PROCESSES_H
#define FEIGNED_PROCESSES_H

#define getsid feigned_getsid
#define geteuid feigned_geteuid
#define syscall feigned_syscall
#define read feigned_read
#define write feigned_write
#define close feigned_close
#define runtime_registry_load feigned_registry_load

#endif
