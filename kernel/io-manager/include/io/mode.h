/* kernel/io-manager/include/io/mode.h: the bits of st_mode (man 7 inode). */
#ifndef IO_MODE_H
#define IO_MODE_H

/* linux/stat.h has them too, unless a libc header came first. */
#ifndef S_IFMT
#define S_IFMT 0170000u
#define S_IFSOCK 0140000u
#define S_IFLNK 0120000u
#define S_IFREG 0100000u
#define S_IFBLK 0060000u
#define S_IFDIR 0040000u
#define S_IFCHR 0020000u
#define S_IFIFO 0010000u
#define S_ISUID 0004000u
#define S_ISGID 0002000u
#define S_ISVTX 0001000u
#define S_IXGRP 0000010u
#endif

#endif
