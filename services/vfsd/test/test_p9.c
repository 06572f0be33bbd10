/* services/vfsd/test/test_p9.c: a folder of the host, through a 9P server that works by path. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "dispatch.h"
#include "fake_kernel.h"

static uint64_t top;

static int start(void **unused)
{
	fake_reset();
	if (dispatch_start(0, NULL) || mount_at("9p", "test", "/mnt", 0))
		return -1;
	top = node_at_path("/mnt");
	return top ? 0 : -1;
}

static const char *host(const char *name)
{
	static char path[2][200];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", fake_folder, name);
	return path[turn];
}

static void host_write(const char *name, const char *text)
{
	FILE *file = fopen(host(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static bool host_has(const char *name)
{
	struct stat st;

	return !lstat(host(name), &st);
}

static void files_of_the_host_are_found(void **unused)
{
	const struct vfs_record *record;
	struct stat st;

	mkdir(host("d"), 0750);
	host_write("d/f", "hello");
	chmod(host("d/f"), 0640);
	stat(host("d/f"), &st);
	record = walk_to(top, "d/f");
	assert_non_null(record);
	assert_int_equal(record->attr.size, 5);
	assert_int_equal(record->attr.mode, S_IFREG | 0640);
	assert_int_equal(record->attr.ino, st.st_ino);
	assert_int_equal(record->attr.mtime.nsec, st.st_mtim.tv_nsec);
	assert_int_equal(record->attr.ctime.nsec, st.st_ctim.tv_nsec);
	assert_true(record->attr.flags & VFS_NODE_PAGER);
	assert_true(record->attr.flags & VFS_NODE_NOSUID);
	assert_true(record->name_lease_ns <= 1000000000);
	assert_true(record->attr.lease_ns <= 1000000000);
	assert_int_equal(walk_to(top, "none")->kind, VFS_REC_NEGATIVE);
}

static void a_known_name_costs_one_exchange(void **unused)
{
	uint64_t before, node;

	host_write("f", "");
	node = walk_to(top, "f")->attr.node;
	before = fake->exchanges;
	assert_int_equal(walk_to(top, "f")->attr.node, node);
	assert_int_equal(fake->exchanges - before, 1);
}

static void what_the_host_changes_is_seen(void **unused)
{
	uint64_t node;

	host_write("f", "a");
	node = walk_to(top, "f")->attr.node;
	host_write("g", "bcd");
	rename(host("g"), host("f"));
	assert_int_not_equal(walk_to(top, "f")->attr.node, node);
	assert_int_equal(walk_to(top, "f")->attr.size, 3);
	unlink(host("f"));
	assert_int_equal(walk_to(top, "f")->kind, VFS_REC_NEGATIVE);
	mkdir(host("f"), 0755);
	assert_int_equal(walk_to(top, "f")->attr.mode & S_IFMT, S_IFDIR);
}

static void links_bring_their_targets(void **unused)
{
	uint64_t before;

	assert_int_equal(symlink("a/b", host("l")), 0);
	assert_string_equal(record_target(walk_to(top, "l/x")), "a/b");
	before = fake->exchanges;
	assert_string_equal(record_target(walk_to(top, "l")), "a/b");
	assert_int_equal(fake->exchanges - before, 1);
}

static void names_are_made_on_the_host(void **unused)
{
	struct stat st;

	assert_int_equal(make(top, "d", S_IFDIR | 0750, VFS_CREATE_EXCL), 0);
	assert_int_equal(make(top, "d", S_IFDIR | 0750, VFS_CREATE_EXCL), -EEXIST);
	assert_int_equal(make(node_at_path("/mnt/d"), "f", S_IFREG | 0600, VFS_CREATE_EXCL), 0);
	assert_int_equal(make(node_at_path("/mnt/d"), "f", S_IFREG | 0600, VFS_CREATE_EXCL), -EEXIST);
	assert_int_equal(make(node_at_path("/mnt/d"), "f", S_IFREG | 0600, 0), 0);
	assert_int_equal(make(node_at_path("/mnt/d"), "p", S_IFIFO | 0600, 0), 0);
	assert_int_equal(make_link(top, "l", "d/f"), 0);
	assert_int_equal(hard_link(node_at_path("/mnt/d/f"), top, "h"), 0);
	assert_int_equal(stat(host("l"), &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(node_at_path("/mnt/h"), node_at_path("/mnt/d/f"));
}

static void names_are_removed_on_the_host(void **unused)
{
	make(top, "d", S_IFDIR | 0750, 0);
	make(node_at_path("/mnt/d"), "f", S_IFREG | 0600, 0);
	assert_int_equal(remove_name(top, "d", true), -ENOTEMPTY);
	assert_int_equal(remove_name(top, "d", false), -EISDIR);
	assert_int_equal(remove_name(node_at_path("/mnt/d"), "f", true), -ENOTDIR);
	assert_int_equal(remove_name(node_at_path("/mnt/d"), "f", false), 0);
	assert_int_equal(remove_name(node_at_path("/mnt/d"), "f", false), -ENOENT);
	assert_int_equal(remove_name(top, "d", true), 0);
	assert_false(host_has("d"));
	assert_false(host_has(".albireo-77"));
}

static void inode_numbers_used_again_are_other_files(void **unused)
{
	uint64_t first;
	int i;

	for (first = i = 0; i < 5; i++) {
		make(top, "f", S_IFREG | 0600, 0);
		assert_int_not_equal(walk_to(top, "f")->attr.node, first);
		first = walk_to(top, "f")->attr.node;
		assert_int_equal(remove_name(top, "f", false), 0);
	}
}

/* As when the answer to its removal died with a predecessor, and a new file came before the retry. */
static void a_number_used_again_before_a_removal_is_told_is_another_file(void **unused)
{
	struct vfs_attr attr;
	uint64_t old;

	fake->only_number = 77;
	make(top, "old", S_IFREG | 0600, 0);
	old = walk_to(top, "old")->attr.node;
	assert_int_equal(unlink(host("old")), 0);
	assert_int_equal(make(top, "new", S_IFREG | 0600, VFS_CREATE_EXCL), 0);
	assert_int_not_equal(walk_to(top, "new")->attr.node, old);
	assert_int_equal(remove_name(top, "old", false), -ENOENT);
	assert_int_equal(get_attr(walk_to(top, "new")->attr.node, &attr), 0);
	assert_int_equal(attr.nlink, 1);
	assert_int_equal(remove_name(top, "new", false), 0);
}

static void renaming_works_on_the_host(void **unused)
{
	uint64_t d, f;
	char path[100];

	make(top, "d", S_IFDIR | 0755, 0);
	d = node_at_path("/mnt/d");
	make(d, "f", S_IFREG | 0600, 0);
	f = node_at_path("/mnt/d/f");
	make(top, "g", S_IFREG | 0600, 0);
	assert_int_equal(rename_to(d, "f", top, "g", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(rename_to(d, "f", top, "none", RENAME_EXCHANGE), -ENOENT);
	assert_int_equal(rename_to(top, "d", d, "f", RENAME_EXCHANGE), -EINVAL);
	assert_int_equal(rename_to(d, "f", top, "g", RENAME_EXCHANGE), 0);
	assert_int_equal(node_at_path("/mnt/g"), f);
	assert_int_equal(rename_to(d, "f", top, "g", RENAME_EXCHANGE), 0);
	assert_int_equal(node_at_path("/mnt/d/f"), f);
	assert_int_equal(rename_to(d, "none", top, "g", 0), -ENOENT);
	assert_int_equal(rename_to(d, "f", top, "g", 0), 0);
	assert_int_equal(node_at_path("/mnt/g"), f);
	assert_int_equal(rename_to(top, "d", top, "e", 0), 0);
	assert_int_equal(node_at_path("/mnt/e"), d);
	make(d, "x", S_IFREG | 0600, 0);
	assert_true(host_has("e/x"));
	assert_int_equal(path_of(node_at_path("/mnt/e/x"), path, sizeof(path)), 0);
	assert_string_equal(path, "/mnt/e/x");
	assert_int_equal(rename_to(top, "e", d, "y", 0), -EINVAL);
}

static void fifos_and_sockets_are_the_machines_own(void **unused)
{
	char names[100];
	struct vfs_attr attr;

	mkdir(host("d"), 0755);
	host_write("d/f", "");
	assert_int_equal(make(node_at_path("/mnt/d"), "p", S_IFIFO | 0640, VFS_CREATE_EXCL), 0);
	assert_int_equal(make(node_at_path("/mnt/d"), "p", S_IFIFO | 0640, VFS_CREATE_EXCL), -EEXIST);
	assert_int_equal(make(node_at_path("/mnt/d"), "s", S_IFSOCK | 0600, VFS_CREATE_EXCL), 0);
	assert_int_equal(walk_to(top, "d/p")->attr.mode, S_IFIFO | 0640);
	assert_int_equal(walk_to(top, "d/p")->attr.dev, walk_to(top, "d")->attr.dev);
	list_names(node_at_path("/mnt/d"), 4096, names, sizeof(names));
	assert_string_equal(names, "p s f ");
	assert_int_equal(rename_to(node_at_path("/mnt/d"), "p", top, "q", 0), 0);
	assert_int_equal(rename_to(node_at_path("/mnt/d"), "f", node_at_path("/mnt/d"), "s", 0), 0);
	assert_true(host_has("d/s"));
	assert_int_equal(rename_to(top, "q", node_at_path("/mnt/d"), "s", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(rename_to(top, "q", node_at_path("/mnt/d"), "s", 0), 0);
	assert_false(host_has("d/s"));
	assert_int_equal(remove_name(top, "d", true), -ENOTEMPTY);
	assert_int_equal(remove_name(node_at_path("/mnt/d"), "s", true), -ENOTDIR);
	assert_int_equal(remove_name(node_at_path("/mnt/d"), "s", false), 0);
	assert_int_equal(remove_name(top, "d", true), 0);
	assert_int_equal(get_attr(top, &attr), 0);
}

static void a_file_keeps_its_node_while_one_name_is_left(void **unused)
{
	uint64_t f;

	make(top, "f", S_IFREG | 0600, 0);
	f = walk_to(top, "f")->attr.node;
	assert_int_equal(hard_link(f, top, "h"), 0);
	assert_int_equal(walk_to(top, "h")->attr.nlink, 2);
	assert_int_equal(make_link(top, "l", "x"), 0);
	assert_int_equal(rename_to(top, "f", top, "g", 0), 0);
	assert_int_equal(walk_to(top, "h")->attr.node, f);
	assert_int_equal(rename_to(top, "l", top, "g", 0), 0);
	assert_int_equal(walk_to(top, "h")->attr.node, f);
	assert_int_equal(walk_to(top, "h")->attr.nlink, 1);
}

static void an_open_file_outlives_its_name(void **unused)
{
	struct vfs_attr attr;
	uint64_t args[7] = { 0, 0, 4096 };
	char names[200];

	host_write("f", "content");
	args[0] = fake->opened_node = walk_to(top, "f")->attr.node;
	assert_int_equal(remove_name(top, "f", false), 0);
	assert_false(host_has("f"));
	assert_true(host_has(".albireo-77"));
	assert_int_equal(get_attr(args[0], &attr), 0);
	assert_int_equal(attr.nlink, 0);
	assert_int_equal(call(VFS_PAGE_IN, args, NULL, 0)->words[1], 7);
	list_names(top, 4096, names, sizeof(names));
	assert_string_equal(names, "");
	assert_int_equal(walk_to(top, ".albireo-77")->kind, VFS_REC_NEGATIVE);
	args[1] = 100;
	call(VFS_RELEASE, args, NULL, 0);
	assert_int_equal(call(VFS_SHUTDOWN, NULL, NULL, 0)->status, 0);
	assert_false(host_has(".albireo-77"));
}

static void a_replaced_open_file_lives_on(void **unused)
{
	uint64_t args[7] = { 0, 0, 4096 };
	struct vfs_attr attr;

	host_write("f", "old");
	host_write("g", "newer");
	args[0] = fake->opened_node = walk_to(top, "f")->attr.node;
	assert_int_equal(rename_to(top, "g", top, "f", 0), 0);
	assert_int_equal(call(VFS_PAGE_IN, args, NULL, 0)->words[1], 3);
	assert_int_equal(get_attr(args[0], &attr), 0);
	assert_int_equal(attr.nlink, 0);
	assert_int_equal(call(VFS_SHUTDOWN, NULL, NULL, 0)->status, 0);
	assert_false(host_has(".albireo-77"));
	assert_true(host_has("f"));
}

static void owners_are_not_feigned(void **unused)
{
	struct vfs_attr attr = { .uid = 4242, .mode = 0600 };
	const uint64_t chown_args[7] = { 0, VFS_SET_UID };
	uint64_t args[7];

	host_write("f", "");
	memcpy(args, chown_args, sizeof(args));
	args[0] = walk_to(top, "f")->attr.node;
	assert_int_equal(call(VFS_SETATTR, args, &attr, sizeof(attr))->status, -EPERM);
	args[1] = VFS_SET_MODE;
	assert_int_equal(call(VFS_SETATTR, args, &attr, sizeof(attr))->status, 0);
	assert_int_equal(walk_to(top, "f")->attr.mode, S_IFREG | 0600);
}

static void a_long_listing_is_whole(void **unused)
{
	static char names[60000];
	char name[32];
	int i;

	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		host_write(name, "");
	}
	list_names(top, 4096, names, sizeof(names));
	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "file-%d ", i);
		assert_non_null(strstr(names, name));
	}
	assert_int_equal(strlen(names), 10 * 7 + 90 * 8 + 900 * 9 + 2000 * 10);
}

static void pages_go_both_ways(void **unused)
{
	uint64_t args[7] = { 0, 0, 5 };
	struct stat st;

	host_write("f", "hello");
	args[0] = walk_to(top, "f")->attr.node;
	assert_int_equal(call(VFS_PAGE_IN, args, NULL, 0)->words[1], 5);
	args[1] = 8192;
	assert_int_equal(call(VFS_PAGE_OUT, args, NULL, 0)->status, 0);
	stat(host("f"), &st);
	assert_int_equal(st.st_size, 8197);
	assert_int_equal(call(VFS_SYNC, args, NULL, 0)->status, 0);
	assert_true(walk_to(top, "f")->attr.flags & VFS_NODE_OPEN_WRITE_FREE);
}

static void a_readonly_mount_refuses_changes(void **unused)
{
	fake_reset();
	assert_int_equal(dispatch_start(0, NULL), 0);
	host_write("f", "");
	assert_int_equal(mount_at("9p", "test", "/mnt", VFS_MOUNT_READONLY), 0);
	top = node_at_path("/mnt");
	assert_int_equal(make(top, "x", S_IFREG | 0600, 0), -EROFS);
	assert_int_equal(make(top, "f", S_IFREG | 0600, 0), 0);
	assert_int_equal(make(top, "f", S_IFDIR | 0700, VFS_CREATE_EXCL), -EEXIST);
	assert_int_equal(remove_name(top, "f", false), -EROFS);
	assert_int_equal(rename_to(top, "f", top, "g", 0), -EROFS);
	assert_true(walk_to(top, "f")->attr.flags & VFS_NODE_READONLY);
}

static void our_folders_lie_over_the_host_root(void **unused)
{
	char names[300], path[100];

	fake_reset();
	assert_int_equal(dispatch_start(0, NULL), 0);
	mkdir(host("tmp"), 0755);
	mkdir(host("var"), 0755);
	mkdir(host("home"), 0755);
	mkdir(host("home/me"), 0755);
	host_write("tmp/hidden", "");
	assert_int_equal(mount_at("9p", "test", "/", VFS_MOUNT_READONLY), 0);
	assert_int_equal(mount_at("tmpfs", "x", "/home/me/work", 0), 0);
	assert_int_equal(node_at_path("/tmp/hidden"), 0);
	assert_int_equal(make(node_at_path("/tmp"), "mine", S_IFREG | 0600, 0), 0);
	assert_int_not_equal(node_at_path("/var/tmp"), 0);
	assert_int_equal(walk_to(root_node(), "var")->attr.flags & VFS_NODE_MOUNT_ROOT, 0);
	assert_int_equal(make(node_at_path("/home/me/work"), "f", S_IFREG | 0600, 0), 0);
	assert_int_equal(path_of(node_at_path("/home/me/work/f"), path, sizeof(path)), 0);
	assert_string_equal(path, "/home/me/work/f");
	list_names(root_node(), 4096, names, sizeof(names));
	assert_non_null(strstr(names, "dev proc sys system run tmp windows "));
	assert_non_null(strstr(names, "home "));
	assert_null(strstr(strstr(names, "tmp ") + 1, " tmp "));
	list_names(node_at_path("/home/me"), 4096, names, sizeof(names));
	assert_string_equal(names, "work ");
}

static void nothing_is_kept_and_fids_are_given_back(void **unused)
{
	uint64_t args[7] = { 0, 1000 };

	make(top, "f", S_IFREG | 0600, 0);
	args[0] = node_at_path("/mnt/f");
	assert_int_equal(remove_name(top, "f", false), 0);
	call(VFS_RELEASE, args, NULL, 0);
	args[0] = top;
	assert_int_equal(fake_p9_kept(), 0);
	assert_int_equal(fake_p9_fids(), 1);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(files_of_the_host_are_found),
		TEST(a_known_name_costs_one_exchange),
		TEST(what_the_host_changes_is_seen),
		TEST(links_bring_their_targets),
		TEST(names_are_made_on_the_host),
		TEST(names_are_removed_on_the_host),
		TEST(inode_numbers_used_again_are_other_files),
		TEST(a_number_used_again_before_a_removal_is_told_is_another_file),
		TEST(renaming_works_on_the_host),
		TEST(fifos_and_sockets_are_the_machines_own),
		TEST(a_file_keeps_its_node_while_one_name_is_left),
		TEST(an_open_file_outlives_its_name),
		TEST(a_replaced_open_file_lives_on),
		TEST(owners_are_not_feigned),
		TEST(a_long_listing_is_whole),
		TEST(pages_go_both_ways),
		TEST(a_readonly_mount_refuses_changes),
		TEST(our_folders_lie_over_the_host_root),
		TEST(nothing_is_kept_and_fids_are_given_back),
	};

	umask(0);
	return cmocka_run_group_tests(tests, NULL, fake_end);
}
