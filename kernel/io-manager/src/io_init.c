/* kernel/io-manager/src/io_init.c: what io-manager needs before the first process. */
#include "block.h"
#include "device.h"
#include "tty.h"
#include "unix.h"
#include "vfs_private.h"

void io_init(void)
{
	file_init();
	inode_cache_init();
	walk_prefix_init();
	bundle_init();
	p9_init();
	block_init();
	device_init();
	unix_init();
	tty_init();
}
