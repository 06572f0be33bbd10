/* tests/machine/read_only.c: try to change a read-only filesystem in every way there is.
 *
 *   machine-read-only FILE MISSING
 *
 * FILE is there, MISSING is a name that is not, both on that filesystem. Prints the calls that do
 * not answer EROFS, and how many did.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned refused;

static void expect_erofs(const char *call, long result)
{
	if (result == -1 && errno == EROFS)
		refused++;
	else
		printf("%s: %ld %s\n", call, result, result < 0 ? strerrorname_np(errno) : "");
}

#define TRY(name, ...) expect_erofs(#name, syscall(SYS_##name, __VA_ARGS__))

int main(int argc, char **argv)
{
	struct open_how how = { .flags = O_RDWR };
	const char *file, *missing;

	if (argc != 3)
		return 2;
	file = argv[1];
	missing = argv[2];
	TRY(open, file, O_RDWR);
	TRY(openat, AT_FDCWD, file, O_WRONLY);
	TRY(openat2, AT_FDCWD, file, &how, sizeof(how));
	TRY(creat, missing, 0644);
	TRY(access, file, W_OK);
	TRY(faccessat, AT_FDCWD, file, W_OK);
	TRY(faccessat2, AT_FDCWD, file, W_OK, 0);
	TRY(truncate, file, 0);
	TRY(mkdir, missing, 0755);
	TRY(mkdirat, AT_FDCWD, missing, 0755);
	TRY(rmdir, "/usr");
	TRY(unlink, file);
	TRY(unlinkat, AT_FDCWD, file, 0);
	TRY(mknod, missing, S_IFIFO | 0644, 0);
	TRY(mknodat, AT_FDCWD, missing, S_IFIFO | 0644, 0);
	TRY(symlink, "x", missing);
	TRY(symlinkat, "x", AT_FDCWD, missing);
	TRY(link, file, missing);
	TRY(linkat, AT_FDCWD, file, AT_FDCWD, missing, 0);
	TRY(rename, file, missing);
	TRY(renameat, AT_FDCWD, file, AT_FDCWD, missing);
	TRY(renameat2, AT_FDCWD, file, AT_FDCWD, missing, 0);
	TRY(chmod, file, 0644);
	TRY(fchmodat, AT_FDCWD, file, 0644);
	TRY(fchmod, open(file, O_RDONLY), 0644);
	TRY(chown, file, 1, 1);
	TRY(lchown, file, 1, 1);
	TRY(fchownat, AT_FDCWD, file, 1, 1, 0);
	TRY(fchown, open(file, O_RDONLY), 1, 1);
	TRY(utime, file, NULL);
	TRY(utimes, file, NULL);
	TRY(futimesat, AT_FDCWD, file, NULL);
	TRY(utimensat, AT_FDCWD, file, NULL, 0);
	printf("%u refused\n", refused);
	return 0;
}
