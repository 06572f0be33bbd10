/* services/vfsd/test/test_tree.c: names on tmpfs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <linux/fs.h>

#include <cmocka.h>

#include "dispatch.h"
#include "fake_kernel.h"

static uint64_t tmp;

static int start(void **unused)
{
	static char *const files[] = { "system/registry/services.tsv:100", "services/vfsd/vfsd.elf:5000" };

	fake_reset();
	if (dispatch_start(2, files))
		return -1;
	tmp = node_at_path("/tmp");
	return tmp ? 0 : -1;
}

static void fixed_folders_are_there(void **unused)
{
	char names[500];

	list_names(root_node(), 4096, names, sizeof(names));
	assert_string_equal(names, "dev proc sys system run tmp windows var ");
	assert_int_not_equal(node_at_path("/var/tmp"), 0);
	assert_int_not_equal(node_at_path("/dev/shm"), 0);
	assert_string_equal(record_target(walk_to(node_at_path("/dev"), "stdin")), "/proc/self/fd/0");
}

static void bundle_files_are_under_system(void **unused)
{
	const struct vfs_record *record = walk_to(root_node(), "system/services/vfsd/vfsd.elf");

	assert_non_null(record);
	assert_int_equal(record->attr.rdev, 1);
	assert_int_equal(record->attr.size, 5000);
	assert_true(record->attr.flags & VFS_NODE_BUNDLE);
	assert_true(record->attr.flags & VFS_NODE_READONLY);
	assert_int_equal(make(node_at_path("/system"), "x", S_IFREG | 0644, 0), -EROFS);
	assert_int_equal(make(node_at_path("/system"), "registry", S_IFDIR | 0755, VFS_CREATE_EXCL), -EEXIST);
}

static void walk_answers_every_component_at_once(void **unused)
{
	const uint64_t args[7] = { root_node() };
	const struct reply *reply = call(VFS_WALK, args, "tmp/../var//tmp/none/x", 22);

	assert_int_equal(reply->status, 0);
	assert_int_equal(reply->words[1], 5);
	assert_true(record_is(record_at(reply, 1), ".."));
	assert_int_equal(record_at(reply, 1)->attr.node, args[0]);
	assert_true(record_is(record_at(reply, 4), "none"));
	assert_int_equal(record_at(reply, 4)->kind, VFS_REC_NEGATIVE);
}

static void walk_stops_at_a_link_and_at_a_file(void **unused)
{
	const uint64_t args[7] = { tmp };
	const struct reply *reply;

	assert_int_equal(make_link(tmp, "l", "target"), 0);
	reply = call(VFS_WALK, args, "l/x", 3);
	assert_int_equal(reply->words[1], 1);
	assert_string_equal(record_target(record_at(reply, 0)), "target");
	assert_int_equal(make(tmp, "f", S_IFREG | 0644, 0), 0);
	assert_int_equal(call(VFS_WALK, args, "f/x", 3)->words[1], 1);
	assert_null(walk_to(node_at_path("/tmp/f"), "x"));
	assert_int_equal(walk_status, -ENOTDIR);
}

static void create_exclusive_fails_on_any_name(void **unused)
{
	assert_int_equal(make(tmp, "f", S_IFREG | 0644, VFS_CREATE_EXCL), 0);
	assert_int_equal(make(tmp, "f", S_IFREG | 0644, VFS_CREATE_EXCL), -EEXIST);
	assert_int_equal(make(tmp, "f", S_IFREG | 0644, 0), 0);
	assert_int_equal(make(tmp, "f", S_IFDIR | 0755, 0), -EEXIST);
}

static void names_have_their_limits(void **unused)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	assert_int_equal(make(tmp, name, S_IFREG | 0644, 0), -ENAMETOOLONG);
	name[255] = '\0';
	assert_int_equal(make(tmp, name, S_IFREG | 0644, 0), 0);
	assert_int_equal(make(tmp, "", S_IFREG | 0644, 0), -ENOENT);
	assert_int_equal(make(tmp, "..", S_IFDIR | 0755, VFS_CREATE_EXCL), -EEXIST);
	assert_int_equal(make(99, "x", S_IFREG | 0644, 0), -ENOENT);
}

static void directories_count_links_and_bytes(void **unused)
{
	struct vfs_attr before, attr;

	assert_int_equal(get_attr(tmp, &before), 0);
	assert_int_equal(before.nlink, 2);
	assert_int_equal(before.size, 40);
	assert_int_equal(make(tmp, "d", S_IFDIR | 0755, 0), 0);
	assert_int_equal(make(tmp, "f", S_IFREG | 0755, 0), 0);
	assert_int_equal(get_attr(tmp, &attr), 0);
	assert_int_equal(attr.nlink, 3);
	assert_int_equal(attr.size, 80);
	assert_true(attr.mtime.sec > before.mtime.sec || attr.mtime.nsec > before.mtime.nsec);
	assert_true(attr.seq > before.seq);
	assert_int_equal(remove_name(tmp, "d", true), 0);
	assert_int_equal(get_attr(tmp, &attr), 0);
	assert_int_equal(attr.nlink, 2);
}

static void removal_checks_types(void **unused)
{
	make(tmp, "d", S_IFDIR | 0755, 0);
	make(tmp, "f", S_IFREG | 0644, 0);
	make(node_at_path("/tmp/d"), "x", S_IFREG | 0644, 0);
	assert_int_equal(remove_name(tmp, "d", false), -EISDIR);
	assert_int_equal(remove_name(tmp, "f", true), -ENOTDIR);
	assert_int_equal(remove_name(tmp, "d", true), -ENOTEMPTY);
	assert_int_equal(remove_name(tmp, "none", false), -ENOENT);
	assert_int_equal(remove_name(node_at_path("/dev"), "shm", true), -EBUSY);
	assert_int_equal(remove_name(root_node(), "tmp", true), -EROFS);
}

static void removed_directory_takes_no_names(void **unused)
{
	uint64_t dir;

	make(tmp, "d", S_IFDIR | 0755, 0);
	dir = node_at_path("/tmp/d");
	assert_int_equal(remove_name(tmp, "d", true), 0);
	assert_int_equal(make(dir, "x", S_IFREG | 0644, 0), -ENOENT);
	assert_int_equal(walk_to(dir, "..")->attr.node, tmp);
}

static void hard_links_share_a_node(void **unused)
{
	struct vfs_attr attr;
	uint64_t node;

	make(tmp, "a", S_IFREG | 0644, 0);
	make(tmp, "d", S_IFDIR | 0755, 0);
	node = node_at_path("/tmp/a");
	assert_int_equal(hard_link(node, tmp, "b"), 0);
	assert_int_equal(hard_link(node, tmp, "b"), -EEXIST);
	assert_int_equal(hard_link(node_at_path("/tmp/d"), tmp, "e"), -EPERM);
	assert_int_equal(hard_link(node, node_at_path("/dev"), "e"), -EXDEV);
	assert_int_equal(node_at_path("/tmp/b"), node);
	get_attr(node, &attr);
	assert_int_equal(attr.nlink, 2);
	assert_int_equal(remove_name(tmp, "a", false), 0);
	get_attr(node, &attr);
	assert_int_equal(attr.nlink, 1);
	assert_int_equal(remove_name(tmp, "b", false), 0);
	assert_int_equal(get_attr(node, &attr), 0);
	assert_int_equal(attr.nlink, 0);
	assert_int_equal(hard_link(node, tmp, "c"), -ENOENT);
}

static void unlinked_file_lives_until_its_last_lookup_is_returned(void **unused)
{
	uint64_t args[7] = { 0, 3 };
	struct vfs_attr attr;

	make(tmp, "f", S_IFREG | 0644, 0);			/* 1 */
	args[0] = node_at_path("/tmp/f");			/* 2 */
	assert_int_equal(remove_name(tmp, "f", false), 0);	/* 3 */
	assert_int_equal(get_attr(args[0], &attr), 0);		/* 4 */
	assert_int_equal(fake->forgotten, 0);
	assert_int_equal(call(VFS_RELEASE, args, NULL, 0)->status, 0);
	assert_int_equal(fake->forgotten, 0);
	args[1] = 1;
	assert_int_equal(call(VFS_RELEASE, args, NULL, 0)->status, 0);
	assert_int_equal(fake->forgotten, 1);
	assert_int_equal(get_attr(args[0], &attr), -ENOENT);
}

static void node_numbers_are_never_used_again(void **unused)
{
	uint64_t first = 0;
	int i;

	for (i = 0; i < 100; i++) {
		uint64_t args[7] = { 0, 3 };

		make(tmp, "f", S_IFREG | 0644, 0);
		args[0] = node_at_path("/tmp/f");
		assert_int_not_equal(args[0], first);
		if (!first)
			first = args[0];
		remove_name(tmp, "f", false);
		call(VFS_RELEASE, args, NULL, 0);
	}
}

static void rename_replaces_as_linux_does(void **unused)
{
	make(tmp, "f", S_IFREG | 0644, 0);
	make(tmp, "g", S_IFREG | 0644, 0);
	make(tmp, "d", S_IFDIR | 0755, 0);
	make(tmp, "e", S_IFDIR | 0755, 0);
	make(node_at_path("/tmp/e"), "x", S_IFREG | 0644, 0);
	assert_int_equal(rename_to(tmp, "f", tmp, "d", 0), -EISDIR);
	assert_int_equal(rename_to(tmp, "d", tmp, "f", 0), -ENOTDIR);
	assert_int_equal(rename_to(tmp, "d", tmp, "e", 0), -ENOTEMPTY);
	assert_int_equal(rename_to(tmp, "none", tmp, "e", 0), -ENOENT);
	assert_int_equal(rename_to(tmp, "f", tmp, "g", RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(rename_to(tmp, "f", tmp, "g", 0), 0);
	assert_int_equal(rename_to(tmp, "e", tmp, "d", 0), 0);
	assert_int_equal(node_at_path("/tmp/e"), 0);
	assert_int_not_equal(node_at_path("/tmp/d/x"), 0);
}

static void rename_into_own_subtree_is_invalid(void **unused)
{
	uint64_t d, e;

	make(tmp, "d", S_IFDIR | 0755, 0);
	d = node_at_path("/tmp/d");
	make(d, "e", S_IFDIR | 0755, 0);
	e = node_at_path("/tmp/d/e");
	assert_int_equal(rename_to(tmp, "d", e, "x", 0), -EINVAL);
	assert_int_equal(rename_to(tmp, "d", d, "x", 0), -EINVAL);
	assert_int_equal(rename_to(d, "e", tmp, "d", 0), -ENOTEMPTY);
	assert_int_equal(rename_to(d, "e", tmp, "d", RENAME_EXCHANGE), -EINVAL);
}

static void rename_moves_the_parent(void **unused)
{
	struct vfs_attr attr;
	uint64_t a, b, m;

	make(tmp, "a", S_IFDIR | 0755, 0);
	make(tmp, "b", S_IFDIR | 0755, 0);
	a = node_at_path("/tmp/a");
	b = node_at_path("/tmp/b");
	make(a, "m", S_IFDIR | 0755, 0);
	m = node_at_path("/tmp/a/m");
	assert_int_equal(rename_to(a, "m", b, "n", 0), 0);
	assert_int_equal(walk_to(m, "..")->attr.node, b);
	get_attr(a, &attr);
	assert_int_equal(attr.nlink, 2);
	get_attr(b, &attr);
	assert_int_equal(attr.nlink, 3);
}

static void rename_exchanges(void **unused)
{
	uint64_t a, b;

	make(tmp, "a", S_IFREG | 0644, 0);
	make(tmp, "b", S_IFDIR | 0755, 0);
	a = node_at_path("/tmp/a");
	b = node_at_path("/tmp/b");
	assert_int_equal(rename_to(tmp, "a", tmp, "none", RENAME_EXCHANGE), -ENOENT);
	assert_int_equal(rename_to(tmp, "a", tmp, "b", RENAME_EXCHANGE), 0);
	assert_int_equal(node_at_path("/tmp/a"), b);
	assert_int_equal(node_at_path("/tmp/b"), a);
}

static void rename_reports_every_record(void **unused)
{
	const uint64_t args[7] = { tmp, tmp, 0 };
	const struct reply *reply;
	uint64_t f, g;

	make(tmp, "f", S_IFREG | 0644, 0);
	make(tmp, "g", S_IFREG | 0644, 0);
	f = node_at_path("/tmp/f");
	g = node_at_path("/tmp/g");
	reply = call(VFS_RENAME, args, "f\0g", 3);
	assert_int_equal(reply->words[1], 4);
	assert_int_equal(record_at(reply, 0)->attr.node, f);
	assert_int_equal(record_at(reply, 1)->kind, VFS_REC_NEGATIVE);
	assert_true(record_is(record_at(reply, 1), "f"));
	assert_int_equal(record_at(reply, 2)->attr.node, g);
	assert_int_equal(record_at(reply, 2)->attr.nlink, 0);
	assert_int_equal(record_at(reply, 3)->attr.node, tmp);
}

static void setgid_folder_hands_its_group_down(void **unused)
{
	struct vfs_attr attr = { .mode = 02777, .gid = 7 };
	const uint64_t args[7] = { tmp, VFS_SET_MODE | VFS_SET_GID };

	assert_int_equal(call(VFS_SETATTR, args, &attr, sizeof(attr))->status, 0);
	make(tmp, "d", S_IFDIR | 0755, 0);
	get_attr(node_at_path("/tmp/d"), &attr);
	assert_int_equal(attr.gid, 7);
	assert_int_equal(attr.mode, S_IFDIR | 02755);
}

static void listing_shows_each_entry_once_while_others_change(void **unused)
{
	static char names[2000];
	uint64_t args[7] = { tmp, 0, 100 };
	const struct reply *reply;
	char name[16];
	int i;

	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		make(tmp, name, S_IFREG | 0644, 0);
	}
	reply = call(VFS_READDIR, args, NULL, 0);
	assert_int_equal(reply->status, 0);
	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		remove_name(tmp, name, false);
		snprintf(name, sizeof(name), "g%d", i);
		make(tmp, name, S_IFREG | 0644, 0);
	}
	list_names(tmp, 100, names, sizeof(names));
	for (i = 10; i < 20; i++) {
		snprintf(name, sizeof(name), "f%d ", i);
		assert_non_null(strstr(names, name));
	}
}

static void ten_thousand_entries_are_quick(void **unused)
{
	static char names[200000];
	char name[16];
	int i;

	for (i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(make(tmp, name, S_IFREG | 0644, VFS_CREATE_EXCL), 0);
	}
	list_names(tmp, 32768, names, sizeof(names));
	assert_non_null(strstr(names, "n9999 "));
	for (i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(remove_name(tmp, name, false), 0);
	}
	list_names(tmp, 32768, names, sizeof(names));
	assert_string_equal(names, "");
}

static void mounts_are_crossed_both_ways(void **unused)
{
	char path[100], names[200];
	uint64_t m;

	assert_int_equal(mount_at("tmpfs", "none", "/tmp/a/b", 0), 0);
	m = node_at_path("/tmp/a/b");
	assert_int_not_equal(m, 0);
	assert_true(walk_to(root_node(), "tmp/a/b")->attr.flags & VFS_NODE_MOUNT_ROOT);
	assert_int_equal(walk_to(m, "../..")->attr.node, tmp);
	make(m, "x", S_IFDIR | 0755, 0);
	assert_int_equal(path_of(node_at_path("/tmp/a/b/x"), path, sizeof(path)), 0);
	assert_string_equal(path, "/tmp/a/b/x");
	list_names(tmp, 4096, names, sizeof(names));
	assert_string_equal(names, "a ");
	assert_int_equal(remove_name(node_at_path("/tmp/a"), "b", true), -EROFS);
}

static void unmount_shows_what_was_below(void **unused)
{
	uint64_t below = tmp;

	assert_int_equal(mount_at("tmpfs", "none", "/tmp", 0), 0);
	assert_int_not_equal(node_at_path("/tmp"), below);
	assert_int_equal(call(VFS_UMOUNT, (const uint64_t[7]){ 0 }, "/tmp", 5)->status, 0);
	assert_int_equal(node_at_path("/tmp"), below);
	assert_int_equal(call(VFS_UMOUNT, (const uint64_t[7]){ 0 }, "/none", 6)->status, -EINVAL);
}

static void a_place_to_mount_can_be_used_for_ever(void **unused)
{
	int i;

	for (i = 0; i < 300; i++) {
		assert_int_equal(mount_at("tmpfs", "none", "/tmp/m", 0), 0);
		make(node_at_path("/tmp/m"), "x", S_IFREG | 0600, 0);
		assert_int_not_equal(node_at_path("/tmp/m/x"), 0);
		assert_int_equal(call(VFS_UMOUNT, (const uint64_t[7]){ 0 }, "/tmp/m", 7)->status, 0);
		release_all();
	}
}

static void published_names_appear_under_dev(void **unused)
{
	const uint64_t args[7] = { S_IFCHR | 0620, 136 << 20, 0 };
	const struct vfs_record *record;

	assert_int_equal(call(VFS_PUBLISH, args, "pts/0", 6)->status, 0);
	record = walk_to(root_node(), "dev/pts/0");
	assert_int_equal(record->attr.rdev, 136 << 20);
	assert_int_equal(record->attr.mode, S_IFCHR | 0620);
	assert_int_equal(call(VFS_PUBLISH, args, "pts/0", 6)->status, -EEXIST);
	assert_int_equal(call(VFS_UNPUBLISH, args, "pts/0", 6)->status, 0);
	assert_int_equal(node_at_path("/dev/pts/0"), 0);
}

static void storaged_may_publish_and_nothing_else(void **unused)
{
	char room[1000];
	struct request rq = { .op = VFS_PUBLISH, .pid = FAKE_STORAGED, .args = { S_IFBLK | 0660, 254 << 20 }, .data = "vda",
		.data_len = 4, .reply = room, .reply_cap = sizeof(room) };

	assert_int_equal(dispatch(&rq), 0);
	assert_int_equal(walk_to(root_node(), "dev/vda")->attr.mode, S_IFBLK | 0660);
	rq.op = VFS_MOUNT;
	assert_int_equal(dispatch(&rq), -EACCES);
	rq.op = VFS_UNPUBLISH;
	assert_int_equal(dispatch(&rq), 0);
}

static void a_program_may_not_ask(void **unused)
{
	char room[1000];
	struct request rq = { .op = VFS_ROOT, .pid = 500, .data = "", .reply = room, .reply_cap = sizeof(room) };

	assert_int_equal(dispatch(&rq), -EACCES);
	rq.op = VFS_PUBLISH;
	assert_int_equal(dispatch(&rq), -EACCES);
	rq.op = 12345;
	assert_int_equal(dispatch(&rq), -EACCES);
}

static void operations_that_do_not_exist_are_refused(void **unused)
{
	assert_int_equal(call(VFS_XATTR, (const uint64_t[7]){ tmp }, NULL, 0)->status, -EINVAL);
	assert_int_equal(call(VFS_OP_END, NULL, NULL, 0)->status, -ENOSYS);
}

#define TEST(name) cmocka_unit_test_setup(name, start)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(fixed_folders_are_there),
		TEST(bundle_files_are_under_system),
		TEST(walk_answers_every_component_at_once),
		TEST(walk_stops_at_a_link_and_at_a_file),
		TEST(create_exclusive_fails_on_any_name),
		TEST(names_have_their_limits),
		TEST(directories_count_links_and_bytes),
		TEST(removal_checks_types),
		TEST(removed_directory_takes_no_names),
		TEST(hard_links_share_a_node),
		TEST(unlinked_file_lives_until_its_last_lookup_is_returned),
		TEST(node_numbers_are_never_used_again),
		TEST(rename_replaces_as_linux_does),
		TEST(rename_into_own_subtree_is_invalid),
		TEST(rename_moves_the_parent),
		TEST(rename_exchanges),
		TEST(rename_reports_every_record),
		TEST(setgid_folder_hands_its_group_down),
		TEST(listing_shows_each_entry_once_while_others_change),
		TEST(ten_thousand_entries_are_quick),
		TEST(mounts_are_crossed_both_ways),
		TEST(unmount_shows_what_was_below),
		TEST(a_place_to_mount_can_be_used_for_ever),
		TEST(published_names_appear_under_dev),
		TEST(storaged_may_publish_and_nothing_else),
		TEST(a_program_may_not_ask),
		TEST(operations_that_do_not_exist_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, fake_end);
}
