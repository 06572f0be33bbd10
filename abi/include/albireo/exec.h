/* abi/include/albireo/exec.h: images, process policy, and what /proc asks of the kernel.
 *
 * execve: the kernel looks for the image lease of the file's version. On a miss
 * it asks procd (PROCD_EXEC_AUTHORIZE) for a ticket, hands that and the file's
 * memory object to loaderd (LOADERD_LOAD), which parses and answers with an
 * image layout; the kernel keeps it as the lease and builds the address space.
 */
#ifndef ALBIREO_EXEC_H
#define ALBIREO_EXEC_H

#include <stdint.h>

#define IMAGE_MAX_SEGMENTS 48
#define IMAGE_MAX_INTERP 256

enum image_kind {
	IMAGE_ELF_STATIC = 1,	/* ET_EXEC or static-PIE, no interpreter */
	IMAGE_ELF_DYNAMIC,	/* has PT_INTERP */
	IMAGE_SCRIPT,		/* #!: interp and arg below */
	IMAGE_PE,
};

#define IMAGE_PROT_READ 1u
#define IMAGE_PROT_WRITE 2u
#define IMAGE_PROT_EXEC 4u

struct image_segment {
	uint64_t vaddr;		/* page-aligned, relative to the base when relocatable */
	uint64_t mem_bytes;	/* page-aligned */
	uint64_t file_offset;	/* page-aligned */
	uint64_t file_bytes;	/* exact, from file_offset; bytes after it read as zero */
	uint32_t prot;
	uint32_t shared;	/* PE: writes are everybody's (IMAGE_SCN_MEM_SHARED) */
};

#define IMAGE_PE_DLL 1u
#define IMAGE_PE_RELOCATABLE 2u		/* has its relocations */
#define IMAGE_PE_PAGE_ALIGNED 4u	/* segments are page-aligned in the file too; else file_offset is exact */
#define IMAGE_PE_MANAGED 8u

/* What Windows' loader and NtQuerySection ask of a PE32+ beyond its segments. */
struct image_pe {
	uint64_t image_base;		/* preferred */
	uint64_t stack_reserve, stack_commit, heap_reserve, heap_commit;
	uint32_t flags;			/* IMAGE_PE_* */
	uint32_t size_of_image;
	uint32_t checksum, loader_flags;
	uint32_t apiset_rva;		/* of the section named .apiset; 0: none */
	uint16_t subsystem, subsystem_major, subsystem_minor, machine;
	uint16_t os_major, os_minor;
	uint16_t characteristics, dll_characteristics;
};

/* The payload of an image lease: a parsed file version, free of base addresses. */
struct image_layout {
	uint32_t kind;
	uint32_t nsegments;
	uint64_t entry;
	uint64_t phdr_vaddr;	/* AT_PHDR, relative like vaddr; 0: not mapped */
	uint32_t phnum;
	uint32_t relocatable;	/* ET_DYN: the kernel picks the base */
	uint64_t span_bytes;	/* from the lowest to the highest vaddr */
	uint64_t lowest_vaddr;
	uint64_t brk_vaddr;	/* end of the highest segment, not rounded */
	uint64_t base_align;	/* of a relocatable image's base; a page at least */
	uint32_t exec_stack;
	uint32_t interp_len;
	uint32_t has_script_arg;	/* script_arg is there; it may be empty */
	uint32_t pad;
	char interp[IMAGE_MAX_INTERP];		/* PT_INTERP, or a script's interpreter */
	char script_arg[IMAGE_MAX_INTERP];	/* a script's optional argument */
	struct image_pe pe;			/* IMAGE_PE; vaddr and entry are RVAs */
	struct image_segment segments[IMAGE_MAX_SEGMENTS];
};

/* ---- procd ---- */
enum procd_op {
	/* pid, node, uid | gid << 32, flags. Reply: [1] ticket. -EACCES -EPERM -EAGAIN */
	PROCD_EXEC_AUTHORIZE = 1,
	/* ticket: loading failed, forget it */
	PROCD_EXEC_CANCEL,
	/* async. pid, status, user ns, system ns: accounting */
	PROCD_EXITED,
	/* -> [1] programs that ended, [2] of them by a signal, [3] user ns, [4] system ns,
	 * [5] tickets that are out */
	PROCD_ACCOUNT,
};

/* ---- loaderd ---- */
enum loaderd_op {
	/* ticket, file bytes, node | handle 0: the file's memory object, read-only
	 * (close it after). Reply: data: struct image_layout; or -ENOEXEC -EINVAL -EIO. */
	LOADERD_LOAD = 1,
	/* 0, file bytes, node | handle 0 likewise: an ntdll.dll. Reply: data:
	 * struct image_entry_points; -ENOEXEC when it lacks one of the functions. */
	LOADERD_ENTRY_POINTS,
};

#define IMAGE_MAX_SERVICES 512

/* Where the kernel enters an ntdll.dll, as RVAs, and what its thunks' numbers mean. */
struct image_entry_points {
	uint32_t ldr_initialize_thunk, rtl_user_thread_start;
	uint32_t ki_user_exception_dispatcher, ki_user_apc_dispatcher, ki_user_callback_dispatcher;
	uint32_t unix_call_dispatcher;	/* a variable: the function that calls a Unix half; 0: none */
	uint16_t service[IMAGE_MAX_SERVICES];	/* by number: 1 + index in abi/nt/syscalls.def; 0: none */
};

/* ---- syscalld ---- */

/* What a process may do to its address space and limits: the payload of an
 * envelope lease. Copied at fork; changed by syscalld alone. Limits as rlimits:
 * ~0ull is infinity. */
#define ENVELOPE_NLIMITS 16
struct envelope {
	struct { uint64_t cur, max; } limits[ENVELOPE_NLIMITS];	/* by RLIMIT_* */
	uint64_t mmap_min_addr;
	uint32_t flags;		/* ENVELOPE_* */
	uint32_t pad;
};
#define ENVELOPE_DENY_WRITE_EXEC 1u	/* no page both writable and executable */

enum syscalld_op {
	/* pid 0: the first envelope. Reply: data: struct envelope. */
	SYSCALLD_ENVELOPE = 1,
	/* pid, caller pid, resource, cur, max, caller's uid | effective caps 0..31 << 32 |
	 * data: the process's struct envelope. Reply after granting the changed one. The
	 * kernel has checked that the caller may reach pid, and has one such request, and
	 * one SETCRED, of a process under way at a time. */
	SYSCALLD_SETRLIMIT,
	/* pid, enum cred_call, a, b, c | data: groups. syscalld applies the rules of
	 * credentials(7) to the current ones (data: struct credentials, then groups) and
	 * calls PROC_CREDENTIALS_BROKER. An id or a flag that a call leaves as it is is -1. */
	SYSCALLD_SETCRED,
	/* pid, caller's uid | effective caps 0..31 << 32 | data: the name: sethostname and
	 * setdomainname. 0: the kernel may set it. */
	SYSCALLD_SETNAME,
	/* clock id, ns, caller's uid | effective caps 0..31 << 32: clock_settime. 0: the
	 * kernel may set it. */
	SYSCALLD_SETCLOCK,
};
/* a, b, c are the call's arguments, in its order; SETGROUPS: a is their number; CAPSET:
 * effective, permitted, inheritable. EXEC: the file's owner if it is set-user-id, else -1;
 * its group likewise. SECUREBITS, KEEPCAPS: prctl's arg2; CAPBSET_DROP: the capability;
 * AMBIENT: PR_CAP_AMBIENT_*, the capability; NO_NEW_PRIVS: none. */
enum cred_call { CRED_SETUID = 1, CRED_SETGID, CRED_SETREUID, CRED_SETREGID, CRED_SETRESUID,
	CRED_SETRESGID, CRED_SETFSUID, CRED_SETFSGID, CRED_SETGROUPS, CRED_CAPSET, CRED_EXEC,
	CRED_SECUREBITS, CRED_KEEPCAPS, CRED_CAPBSET_DROP, CRED_AMBIENT, CRED_NO_NEW_PRIVS };

#define CRED_MAX_GROUPS 64
struct credentials {
	uint32_t uid, euid, suid, fsuid;
	uint32_t gid, egid, sgid, fsgid;
	uint32_t ngroups;
	uint32_t no_new_privs;
	uint32_t groups[CRED_MAX_GROUPS];
	uint64_t cap_effective, cap_permitted, cap_inheritable, cap_bounding, cap_ambient;
	uint32_t securebits;	/* SECBIT_* of man 7 capabilities */
	uint32_t pad;
};
/* PROC_CREDENTIALS_BROKER(pid, const struct credentials *, request id): 0, -ESRCH */

/* ---- PROC_QUERY_BROKER(op, pid, buf, cap): bytes written, or negative errno ---- */
#define PROC_QUERY_NEXT 1	/* smallest pid > given, as u32 */
#define PROC_QUERY_STAT 2	/* struct proc_stat; of a thread that is no leader, or with the bit below: its own */
#define PROC_QUERY_ONE_THREAD (1ull << 32)
#define PROC_QUERY_CMDLINE 3	/* raw argv bytes */
#define PROC_QUERY_ENVIRON 4
#define PROC_QUERY_MAPS 5	/* array of struct proc_map */
#define PROC_QUERY_FDS 6	/* array of u32 descriptor numbers */
#define PROC_QUERY_THREADS 7	/* array of u32 tids */
#define PROC_QUERY_MACHINE 8	/* struct proc_machine */
#define PROC_QUERY_CREDENTIALS 9	/* struct credentials */
#define PROC_QUERY_LIMITS 10	/* struct envelope */
#define PROC_QUERY_FD_TEXT 11	/* pid | fd << 32: what readlink of fd/N shows, or its path's node */
#define PROC_QUERY_CPUINFO 12	/* struct proc_cpu per CPU */
#define PROC_QUERY_AUXV 13
#define PROC_QUERY_SELF 14	/* tgid of the process whose call vfsd is serving (pid = badge's pid) as u32 */
#define PROC_SET_COMM 16	/* the thread's name from now on: buf, at most 15 of its cap bytes */
#define PROC_QUERY_VALUE 20	/* pid | PROC_VALUE_* << 32: int32_t */
#define PROC_SET_VALUE 21
#define PROC_QUERY_CORE_PATTERN 22	/* /proc/sys/kernel/core_pattern without a newline */
#define PROC_SET_CORE_PATTERN 23	/* buf of cap bytes */
#define PROC_VALUE_CORE_FILTER 1u
#define PROC_VALUE_OOM_SCORE_ADJ 2u
#define PROC_VALUE_CORE_USES_PID 3u	/* the machine's */
#define PROC_VALUE_OOM_SCORE_ADJ_FLOOR 4u	/* set only: by who may lower it below the floor, which it becomes */
#define PROC_QUERY_UNIX 17	/* /proc/net/unix after the socket `pid`: u64 last socket told, then text; no text: the end */
#define PROC_QUERY_MODULES 24	/* /proc/modules */
#define PROC_QUERY_CAPABILITIES 25	/* CAP_* of services.h, as u32 */
#define PROC_QUERY_FD_INFO 15	/* pid | fd << 32: struct proc_fd */

struct proc_stat {
	uint32_t pid, ppid, pgid, sid;
	int32_t tpgid;
	uint32_t tty;		/* device number, 0: none */
	char comm[16];
	char state;		/* R S D T t Z */
	char pad[3];
	uint32_t nthreads;
	uint32_t flags;		/* PROC_STAT_* */
	uint64_t user_ns, system_ns, children_user_ns, children_system_ns;
	uint64_t start_ns;	/* since boot */
	uint64_t vsize_bytes, rss_pages;
	uint64_t minor_faults, major_faults;
	uint64_t start_code, end_code, start_stack, brk_start, brk_end;
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t sig_pending, sig_shared_pending, sig_blocked, sig_ignored, sig_caught;
	int32_t nice, priority;
	int32_t exit_signal;
	uint32_t last_cpu;
	uint64_t rss_anon_pages, rss_file_pages, rss_shared_pages, locked_bytes, peak_vsize_bytes, peak_rss_pages;
	uint64_t data_bytes, stack_bytes, exe_bytes;
	uint64_t read_chars, written_chars, syscalls_read, syscalls_written;
	uint64_t voluntary_switches, involuntary_switches;
	uint64_t exe_node, cwd_node, root_node;
	uint32_t umask;
	uint32_t fd_table_size;
	uint32_t policy, rt_priority;	/* SCHED_*, 1 to 99 or 0 */
	uint64_t affinity;
};
#define PROC_STAT_SERVICE 1u

struct proc_map {
	uint64_t start, end, offset;
	uint64_t node;		/* 0: anonymous */
	uint64_t ino;
	uint32_t dev;
	uint32_t prot;
	uint32_t shared;
	uint32_t special;	/* 1 [heap] 2 [stack] 3 [vdso] 4 [vvar] */
	uint64_t rss_pages, private_pages;
};

struct proc_fd {
	int64_t pos;
	uint64_t node;		/* 0: not of vfsd's */
	uint64_t ino;
	uint32_t flags;		/* O_*, O_CLOEXEC included */
	uint32_t pad;
};

struct proc_machine {
	uint64_t uptime_ns, idle_ns, boot_realtime_sec;
	uint64_t total_pages, free_pages, cached_pages, dirty_pages, writeback_pages, anon_pages,
		mapped_pages, slab_pages, shmem_pages, page_table_pages, kernel_stack_pages;
	uint32_t ncpus, nprocs, nrunning, last_pid, nthreads, pad;
	uint64_t forks, context_switches, interrupts;
	uint64_t cpu_user_ns[64], cpu_system_ns[64], cpu_idle_ns[64];
	uint64_t load_1000[3];	/* load averages in thousandths */
	char hostname[65], domainname[65];
};

struct proc_cpu {
	char vendor[16], model_name[52];
	uint32_t family, model, stepping, apic_id;
	uint32_t mhz;
	uint32_t cache_kib;
	uint32_t features[8];	/* CPUID 1 ecx edx; 7 ebx ecx edx; 80000001h ecx edx; 0Dh/1 eax */
};

#endif
