/* libs/ext4/src/names.h: what names.c and rename.c share. */
#ifndef EXT4_SRC_NAMES_H
#define EXT4_SRC_NAMES_H

#include <ext4/names.h>

#include "directory.h"

/* May it be added or removed? */
int name_check(const struct name *name);

/* A directory whose names are to change. @is_removal: an append-only one refuses. */
int dir_get_for_change(struct txn *txn, uint32_t ino, bool is_removal, struct inode *dir);
int dir_get(struct txn *txn, uint32_t ino, struct inode *dir);

/* One directory more or less in @dir. */
int dir_count_up(struct inode *dir);
void dir_count_down(struct inode *dir);

/* The inode an entry leads to: one in use, not @dir itself. */
int entry_inode(struct inode *dir, const struct dir_place *place, struct inode *inode);

/* May its name be taken away? */
int victim_check(const struct inode *victim);

/* A name of it has gone; without one it is an orphan. */
int victim_drop(struct inode *victim);

#endif
