/* services/vfsd/test/test_proc.c: /proc and /sys. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "dispatch.h"
#include "fake_kernel.h"

static int start(void **unused)
{
	fake_reset();
	return dispatch_start(0, NULL);
}

/* The text of a file, read in small pieces. */
static const char *text_of_file(const char *path)
{
	static char text[65536];
	uint64_t args[7] = { node_at_path(path) };
	struct reply *reply = call(VFS_OPEN, args, NULL, 0);
	size_t len = 0;

	assert_int_equal(reply->status, 0);
	args[0] = reply->words[1];
	args[2] = 100;
	for (;;) {
		args[1] = len;
		reply = call(VFS_READ, args, NULL, 0);
		assert_int_equal(reply->status, 0);
		if (!reply->words[1])
			break;
		memcpy(text + len, reply->data, reply->len);
		len += reply->len;
	}
	text[len] = '\0';
	assert_int_equal(call(VFS_CLOSE, args, NULL, 0)->status, 0);
	assert_int_equal(call(VFS_READ, args, NULL, 0)->status, -EBADF);
	return text;
}

static void self_is_the_caller(void **unused)
{
	assert_string_equal(record_target(walk_to(root_node(), "proc/self")), "1000");
	assert_string_equal(record_target(walk_to(root_node(), "proc/thread-self")), "1000/task/1000");
	assert_string_equal(record_target(walk_to(root_node(), "proc/mounts")), "self/mounts");
}

static void processes_are_never_leased(void **unused)
{
	const struct vfs_record *record = walk_to(root_node(), "proc/1000/stat");

	assert_non_null(record);
	assert_int_equal(record->name_lease_ns, 0);
	assert_int_equal(record->attr.lease_ns, 0);
	assert_int_equal(record->attr.uid, 1000);
	assert_int_equal(record->attr.gid, 100);
	assert_int_equal(record->attr.mode, S_IFREG | 0444);
	assert_true(record->attr.flags & VFS_NODE_STREAM);
	record = walk_to(root_node(), "proc/999");
	assert_int_equal(record->kind, VFS_REC_NEGATIVE);
	assert_int_equal(record->name_lease_ns, 0);
	assert_int_equal(node_at_path("/proc/01000"), 0);
}

static void magic_links_name_what_the_kernel_resolves(void **unused)
{
	const struct vfs_record *record = walk_to(root_node(), "proc/1000/fd/7");

	assert_non_null(record);
	assert_true(record->attr.flags & VFS_NODE_MAGIC_LINK);
	assert_int_equal(record->attr.rdev, VFS_MAGIC_FD);
	assert_int_equal(record->attr.size, 1000);
	assert_int_equal(record->attr.blocks, 7);
	assert_int_equal(record->target_len, 0);
	assert_int_equal(walk_to(root_node(), "proc/1000/cwd")->attr.rdev, VFS_MAGIC_CWD);
	assert_int_equal(node_at_path("/proc/1000/fd/3"), 0);
}

static void folders_list_names_and_numbers(void **unused)
{
	char names[1000];

	list_names(node_at_path("/proc"), 200, names, sizeof(names));
	assert_non_null(strstr(names, "meminfo "));
	assert_string_equal(names + strlen(names) - 5, "1000 ");
	list_names(node_at_path("/proc/1000/fd"), 200, names, sizeof(names));
	assert_string_equal(names, "0 1 7 ");
	list_names(node_at_path("/proc/1000/task"), 200, names, sizeof(names));
	assert_string_equal(names, "1000 ");
	list_names(node_at_path("/sys/devices/system/cpu"), 200, names, sizeof(names));
	assert_string_equal(names, "online possible present cpu0 cpu1 ");
}

static void stat_has_fifty_two_fields(void **unused)
{
	const char *text = text_of_file("/proc/1000/stat");
	int fields = 1;

	assert_ptr_equal(strstr(text, "1000 (a (b) c) S 1 1000 1000 0 "), text);
	for (text = strrchr(text, ')') + 2; *text; text++)
		fields += *text == ' ';
	assert_int_equal(fields + 2, 52);
}

static void status_has_linux_lines(void **unused)
{
	const char *text = text_of_file("/proc/1000/status");

	assert_ptr_equal(strstr(text, "Name:\ta (b) c\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t1000\n"), text);
	assert_non_null(strstr(text, "\nVmSize:\t    8192 kB\n"));
	assert_non_null(strstr(text, "\nVmRSS:\t     400 kB\n"));
	assert_non_null(strstr(text, "\nUid:\t0\t1000\t0\t0\n"));
}

static void maps_are_formatted_as_linux_does(void **unused)
{
	assert_string_equal(text_of_file("/proc/1000/maps"),
			    "00400000-0048a000 r-xp 00000000 00:03 960637 \n"
			    "7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n");
}

static void machine_files_are_formatted_as_linux_does(void **unused)
{
	assert_string_equal(text_of_file("/proc/uptime"), "12.34 0.00\n");
	assert_string_equal(text_of_file("/proc/partitions"),
			    "major minor  #blocks  name\n\n 254        0      65536 vda\n 254        1       8192 vda1\n");
	assert_string_equal(text_of_file("/proc/loadavg"), "0.01 1.25 0.00 1/9 1000\n");
	assert_ptr_equal(strstr(text_of_file("/proc/meminfo"), "MemTotal:           4000 kB\nMemFree:            2000 kB\n"),
			 text_of_file("/proc/meminfo"));
	assert_string_equal(text_of_file("/proc/sys/kernel/hostname"), "albireo\n");
	assert_string_equal(text_of_file("/sys/devices/system/cpu/online"), "0-1\n");
	assert_int_equal(strlen(text_of_file("/proc/sys/kernel/random/boot_id")), 37);
}

static void cmdline_is_raw(void **unused)
{
	const char *text = text_of_file("/proc/1000/cmdline");

	assert_memory_equal(text, "sh\0-c", 6);
}

static void mounts_tell_type_and_options(void **unused)
{
	const char *text = text_of_file("/proc/1000/mounts");

	assert_ptr_equal(strstr(text, "none / tmpfs ro,relatime 0 0\ndevtmpfs /dev devtmpfs rw,nosuid,relatime 0 0\n"), text);
	assert_non_null(strstr(text, "\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n"));
}

static void getcwd_works_in_proc(void **unused)
{
	char path[100];

	assert_int_equal(path_of(node_at_path("/proc/1000/task/1000/stat"), path, sizeof(path)), 0);
	assert_string_equal(path, "/proc/1000/task/1000/stat");
	assert_int_equal(walk_to(node_at_path("/proc/1000"), "..")->attr.node, node_at_path("/proc"));
}

static void writing_is_refused(void **unused)
{
	uint64_t args[7] = { node_at_path("/proc/uptime") };
	struct reply *reply = call(VFS_OPEN, args, NULL, 0);

	args[0] = reply->words[1];
	assert_int_equal(call(VFS_WRITE, args, "x", 1)->status, -EIO);
	assert_int_equal(make(node_at_path("/proc"), "x", S_IFREG | 0600, 0), -ENOENT);
	assert_int_equal(make(node_at_path("/proc"), "uptime", S_IFDIR | 0700, VFS_CREATE_EXCL), -EEXIST);
	assert_int_equal(remove_name(node_at_path("/proc"), "uptime", false), -EPERM);
}

static void writing_drop_caches_drops_caches(void **unused)
{
	uint64_t args[7] = { node_at_path("/proc/sys/vm/drop_caches"), O_WRONLY };
	struct reply *reply = call(VFS_OPEN, args, NULL, 0);

	assert_int_equal(reply->status, 0);
	args[0] = reply->words[1];
	args[1] = 0;
	assert_int_equal(call(VFS_WRITE, args, "4\n", 2)->status, -EINVAL);
	assert_int_equal(call(VFS_WRITE, args, "33", 2)->status, -EINVAL);
	assert_int_equal(fake->drops, 0);
	assert_int_equal(call(VFS_WRITE, args, "3\n", 2)->status, 0);
	assert_int_equal(fake->drops, 1);
	assert_int_equal(call(VFS_CLOSE, args, NULL, 0)->status, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(self_is_the_caller),
		TEST(processes_are_never_leased),
		TEST(magic_links_name_what_the_kernel_resolves),
		TEST(folders_list_names_and_numbers),
		TEST(stat_has_fifty_two_fields),
		TEST(status_has_linux_lines),
		TEST(maps_are_formatted_as_linux_does),
		TEST(machine_files_are_formatted_as_linux_does),
		TEST(cmdline_is_raw),
		TEST(mounts_tell_type_and_options),
		TEST(getcwd_works_in_proc),
		TEST(writing_is_refused),
		TEST(writing_drop_caches_drops_caches),
	};

	return cmocka_run_group_tests(tests, NULL, fake_end);
}
