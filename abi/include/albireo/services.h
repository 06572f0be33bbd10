/* abi/include/albireo/services.h: service ids, ranks and capability bits. */
#ifndef ALBIREO_SERVICES_H
#define ALBIREO_SERVICES_H

enum service_id {
#define SERVICE(id, upper, name, rank, cap) SERVICE_##upper = id,
#include "services.def"
#undef SERVICE
	SERVICE_ID_MAX = 16,
};

enum service_rank {
	SERVICE_RANK_KERNEL = 0,
#define SERVICE(id, upper, name, rank, cap) SERVICE_RANK_##upper = rank,
#include "services.def"
#undef SERVICE
	SERVICE_RANK_PROGRAM = 100,
};

/* Capability bits of a process. Brokers test these, never a program's name. */
#define CAP_ROOT (1u << 0)
#define CAP_LINUX_SYSCALL_POLICY (1u << 1)
#define CAP_VFS_POLICY (1u << 2)
#define CAP_NET_POLICY (1u << 3)
#define CAP_DEVICE_POLICY (1u << 4)
#define CAP_DRIVER_POLICY (1u << 5)
#define CAP_PROCESS_LOADER (1u << 6)
#define CAP_STORAGE_POLICY (1u << 7)
#define CAP_INPUT_POLICY (1u << 8)
#define CAP_PROCESS_POLICY (1u << 9)
#define CAP_HIVE_POLICY (1u << 10)
#define CAP_LAUNCHER (1u << 11)	/* initd: mounts, /dev names, the exec request */

#endif
