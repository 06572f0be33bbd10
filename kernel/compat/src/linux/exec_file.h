/* kernel/compat/src/linux/exec_file.h: the files that a program is made of. */
#ifndef COMPAT_EXEC_FILE_H
#define COMPAT_EXEC_FILE_H

#include <io/inode.h>
#include <ps/process.h>

/* Find the file at @path, from @start (NULL: the working folder), to execute it. Nobody opens it
 * for writing until exec_file_close().
 * Returns: 0 and a reference in *@out; -EACCES -ELOOP -ETXTBSY, or why it was not found. */
int exec_file_open(struct inode *start, const char *path, unsigned walk_flags, struct inode **out);
/* The same for who needs another right than to execute: an MZ file without the x bit runs from the launcher and from
 * CreateProcess (DECISIONS 41). */
int exec_file_open_as(struct inode *start, const char *path, unsigned walk_flags, unsigned want, struct inode **out);
#define EXEC_WANT_EXECUTE 1u
#define EXEC_WANT_READ 4u
void exec_file_close(struct inode *i);	/* NULL is fine */

/* The program that PT_INTERP names; all NULL without one. */
struct exec_interpreter {
	struct inode *inode;
	struct exec_image *image;
	struct file *file;
};

/* Find the interpreter that @layout names.
 * Returns: 0; -ELIBBAD if it is no ELF file; -EIO if it is too short; as exec_file_open(). */
int exec_interpreter_open(const struct image_layout *layout, struct exec_interpreter *out);
void exec_interpreter_close(struct exec_interpreter *in);
/* What ps maps for it. */
struct ps_image exec_interpreter_image(const struct exec_interpreter *in);

#endif
