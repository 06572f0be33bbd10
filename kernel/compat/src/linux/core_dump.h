/* kernel/compat/src/linux/core_dump.h: the parts of a core dump. */
#ifndef COMPAT_CORE_DUMP_H
#define COMPAT_CORE_DUMP_H

#include <compat/linux.h>
#include <io/file.h>

/* Where the core of the current process goes, by core_pattern. 0; -ENAMETOOLONG; -ENOMEM. */
int core_name(const struct signal_info *info, char *out, size_t cap);
/* What /proc/sys/kernel/core_pattern and core_uses_pid are made of. Patterns are of files: -EINVAL for a pipe. */
int64_t core_pattern_get(char *out, size_t cap);
int core_pattern_set(const char *text, size_t len);
extern uint32_t core_uses_pid;

/* A file that is written front to back, with holes. */
struct core_writer {
	struct file *file;
	uint64_t at;		/* next byte */
	uint64_t limit;		/* RLIMIT_CORE */
	char *buffer;		/* CORE_BUFFER_BYTES */
	size_t used;
	bool has_failed;
};
#define CORE_BUFFER_BYTES (64u << 10)
void core_put(struct core_writer *w, const void *data, size_t len);
void core_skip(struct core_writer *w, uint64_t len);	/* reads as zero */
void core_flush(struct core_writer *w);

/* The notes: how long they are, and writing them. @nthreads, @maps: as counted for the length. */
struct core_maps {
	char *text;		/* contents of NT_FILE */
	size_t bytes;
};
uint64_t core_notes_bytes(uint32_t nthreads, const struct core_maps *maps, uint32_t auxv_words);
void core_notes_write(struct core_writer *w, const struct signal_info *info, const struct core_maps *maps);

#endif
