/* tests/machine/mounts.c: what root is told when a mount or its end cannot be. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void report(const char *what, int result)
{
	printf("%s: %s\n", what, result ? strerrorname_np(errno) : "ok");
}

int main(void)
{
	mkdir("/tmp/mounts", 0755);
	close(open("/tmp/file", O_CREAT | O_WRONLY, 0644));
	report("no such type", mount("none", "/tmp/mounts", "nofs", 0, NULL));
	report("no type", mount("none", "/tmp/mounts", NULL, 0, NULL));
	report("on a file", mount("none", "/tmp/file", "tmpfs", 0, NULL));
	report("tmpfs", mount("none", "/tmp/mounts", "tmpfs", 0, NULL));
	report("its folder removed", rmdir("/tmp/mounts"));
	close(open("/tmp/mounts/file", O_CREAT | O_WRONLY, 0644));
	if (open("/tmp/mounts/file", O_RDONLY) < 0)
		return 1;
	report("end of one in use", umount2("/tmp/mounts", 0));
	report("end of none", umount2("/tmp/file", 0));
	return 0;
}
