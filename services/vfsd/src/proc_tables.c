/* services/vfsd/src/proc_tables.c: see proc_tables.h. Flags as Linux names them, bits as
 * Intel SDM 2A CPUID and AMD APM 3 appendix E have them. */
#include "proc_tables.h"

#include <stddef.h>
#include <sys/resource.h>

const struct cpu_flag cpu_flags[] = {
	/* 1: edx */
	{ 1, 0, "fpu" }, { 1, 1, "vme" }, { 1, 2, "de" }, { 1, 3, "pse" }, { 1, 4, "tsc" }, { 1, 5, "msr" },
	{ 1, 6, "pae" }, { 1, 7, "mce" }, { 1, 8, "cx8" }, { 1, 9, "apic" }, { 1, 11, "sep" }, { 1, 12, "mtrr" },
	{ 1, 13, "pge" }, { 1, 14, "mca" }, { 1, 15, "cmov" }, { 1, 16, "pat" }, { 1, 17, "pse36" },
	{ 1, 19, "clflush" }, { 1, 23, "mmx" }, { 1, 24, "fxsr" }, { 1, 25, "sse" }, { 1, 26, "sse2" },
	{ 1, 27, "ss" }, { 1, 28, "ht" },
	/* 80000001h: edx */
	{ 6, 11, "syscall" }, { 6, 20, "nx" }, { 6, 22, "mmxext" }, { 6, 25, "fxsr_opt" }, { 6, 26, "pdpe1gb" },
	{ 6, 27, "rdtscp" }, { 6, 29, "lm" }, { 6, 30, "3dnowext" }, { 6, 31, "3dnow" },
	/* 1: ecx */
	{ 0, 0, "pni" }, { 0, 1, "pclmulqdq" }, { 0, 3, "monitor" }, { 0, 9, "ssse3" }, { 0, 12, "fma" },
	{ 0, 13, "cx16" }, { 0, 17, "pcid" }, { 0, 19, "sse4_1" }, { 0, 20, "sse4_2" }, { 0, 21, "x2apic" },
	{ 0, 22, "movbe" }, { 0, 23, "popcnt" }, { 0, 24, "tsc_deadline_timer" }, { 0, 25, "aes" },
	{ 0, 26, "xsave" }, { 0, 28, "avx" }, { 0, 29, "f16c" }, { 0, 30, "rdrand" }, { 0, 31, "hypervisor" },
	/* 80000001h: ecx */
	{ 5, 0, "lahf_lm" }, { 5, 2, "svm" }, { 5, 4, "cr8_legacy" }, { 5, 5, "abm" }, { 5, 6, "sse4a" },
	{ 5, 7, "misalignsse" }, { 5, 8, "3dnowprefetch" },
	/* 7: ebx */
	{ 2, 0, "fsgsbase" }, { 2, 3, "bmi1" }, { 2, 5, "avx2" }, { 2, 7, "smep" }, { 2, 8, "bmi2" }, { 2, 9, "erms" },
	{ 2, 10, "invpcid" }, { 2, 14, "mpx" }, { 2, 18, "rdseed" }, { 2, 19, "adx" }, { 2, 20, "smap" },
	{ 2, 23, "clflushopt" }, { 2, 24, "clwb" }, { 2, 29, "sha_ni" },
	/* 0Dh/1: eax */
	{ 7, 0, "xsaveopt" }, { 7, 1, "xsavec" }, { 7, 2, "xgetbv1" }, { 7, 3, "xsaves" },
	/* 7: ecx, edx */
	{ 3, 2, "umip" }, { 3, 3, "pku" }, { 3, 9, "vaes" }, { 3, 10, "vpclmulqdq" }, { 3, 16, "la57" },
	{ 3, 22, "rdpid" }, { 4, 4, "fsrm" },
	{ 0, 0, NULL },
};

const struct limit_name limit_names[LIMIT_NAMES] = {
	[RLIMIT_CPU] = { "Max cpu time", "seconds" },
	[RLIMIT_FSIZE] = { "Max file size", "bytes" },
	[RLIMIT_DATA] = { "Max data size", "bytes" },
	[RLIMIT_STACK] = { "Max stack size", "bytes" },
	[RLIMIT_CORE] = { "Max core file size", "bytes" },
	[RLIMIT_RSS] = { "Max resident set", "bytes" },
	[RLIMIT_NPROC] = { "Max processes", "processes" },
	[RLIMIT_NOFILE] = { "Max open files", "files" },
	[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIMIT_AS] = { "Max address space", "bytes" },
	[RLIMIT_LOCKS] = { "Max file locks", "locks" },
	[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIMIT_NICE] = { "Max nice priority", NULL },
	[RLIMIT_RTPRIO] = { "Max realtime priority", NULL },
	[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};
