/* services/vfsd/src/proc_tables.h: names that /proc gives to numbers. */
#ifndef VFSD_PROC_TABLES_H
#define VFSD_PROC_TABLES_H

/* By word of struct proc_cpu's features, and bit; the last has no name. */
struct cpu_flag {
	unsigned char word, bit;
	const char *name;
};
extern const struct cpu_flag cpu_flags[];

/* By RLIMIT_*. */
struct limit_name {
	const char *name, *unit;
};
#define LIMIT_NAMES 16
extern const struct limit_name limit_names[LIMIT_NAMES];

#endif
