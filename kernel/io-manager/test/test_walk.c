/* kernel/io-manager/test/test_walk.c: from paths to inodes, with few calls and no lost reference. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_vfsd.h"

static int setup(void **state)
{
	fake_reset();
	fake_node("a/b/c/file", S_IFREG, NULL);
	fake_node("a/dir", S_IFDIR, NULL);
	fake_node("link", S_IFLNK, "a/b");
	fake_node("abs", S_IFLNK, "/a/dir");
	fake_node("loop", S_IFLNK, "loop");
	fake_node("dangling", S_IFLNK, "a/nothing");
	fake_node("to_file", S_IFLNK, "a/b/c/file");
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(fake_references(), 0);
	return 0;
}

/* The node that @path leads to; 0 and *err otherwise. */
static uint64_t walk(const char *path, unsigned flags, int *err)
{
	struct walk_result r;
	uint64_t node = 0;

	*err = walk_path(NULL, path, flags, &r);
	if (!*err && r.inode)
		node = r.inode->node;
	walk_result_put(&r);
	return node;
}

static int error_of(const char *path, unsigned flags)
{
	int err;

	walk(path, flags, &err);
	return err;
}

static uint64_t node_of(const char *path)
{
	return fake_node(path, S_IFREG, NULL)->node;
}

static void expect(const char *path, unsigned flags, const char *leads_to)
{
	int err;
	uint64_t node = walk(path, flags, &err);

	assert_int_equal(err, 0);
	assert_int_equal(node, node_of(leads_to));
}

static void cold_path_costs_one_call_and_a_warm_one_none(void **state)
{
	expect("/a/b/c/file", 0, "a/b/c/file");
	assert_int_equal(fake_calls, 1);
	fake_node("a", 0, NULL);
	expect("/a/b/c", 0, "a/b/c");
	assert_int_equal(fake_calls, 1);
}

static void names_asked_every_time_are_used_once(void **state)
{
	fake_grants = false;
	expect("/a/b/c/file", 0, "a/b/c/file");
	expect("/a/b/c/file", 0, "a/b/c/file");
	assert_int_equal(fake_calls, 2);
}

static void short_replies_are_asked_on(void **state)
{
	fake_batch = 1;
	expect("/a/b/c/file", 0, "a/b/c/file");
	assert_int_equal(fake_calls, 4);
}

static void links_are_followed_in_the_middle_and_on_demand_at_the_end(void **state)
{
	expect("/link/c/file", 0, "a/b/c/file");
	expect("/link", 0, "link");
	expect("/link", WALK_FOLLOW, "a/b");
	expect("/link/", 0, "a/b");
	expect("abs", WALK_FOLLOW, "a/dir");
	assert_int_equal(error_of("/to_file/", 0), -ENOTDIR);
	assert_int_equal(error_of("/loop", WALK_FOLLOW), -ELOOP);
	assert_int_equal(error_of("/loop/x", 0), -ELOOP);
	assert_int_equal(error_of("/dangling", WALK_FOLLOW), -ENOENT);
	assert_int_equal(error_of("/link/c", WALK_NO_SYMLINKS), -ELOOP);
}

static void dots_and_slashes_are_no_names(void **state)
{
	expect("/a/./b//c/../c/file", 0, "a/b/c/file");
	expect("a/b/..", 0, "a");
	expect("///a///", 0, "a");
	expect("/", 0, "");
	expect(".", 0, "");
	fake_set_cwd(fake_node("a/b", S_IFDIR, NULL));
	expect(".", 0, "a/b");
	expect("../dir", 0, "a/dir");
}

static void dotdot_stops_at_the_root_of_the_process(void **state)
{
	expect("/../../a", 0, "a");
	fake_set_root(fake_node("a", S_IFDIR, NULL));
	fake_set_cwd(fake_node("a/b", S_IFDIR, NULL));
	expect("/", 0, "a");
	expect("../../../dir", 0, "a/dir");
	expect("c/../../../../dir", 0, "a/dir");
	expect("/../dir", 0, "a/dir");
}

static void errors_are_those_of_path_resolution(void **state)
{
	char name[300], path[320];

	assert_int_equal(error_of("", 0), -ENOENT);
	assert_int_equal(error_of("/missing", 0), -ENOENT);
	assert_int_equal(error_of("/missing/x", 0), -ENOENT);
	assert_int_equal(error_of("/a/b/c/file/x", 0), -ENOTDIR);
	assert_int_equal(error_of("/a/b/c/file/.", 0), -ENOTDIR);
	assert_int_equal(error_of("/a/b/c/file/", 0), -ENOTDIR);
	assert_int_equal(error_of("/a/b/c/file", WALK_DIRECTORY), -ENOTDIR);
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	snprintf(path, sizeof(path), "/a/%s", name);
	assert_int_equal(error_of(path, 0), -ENAMETOOLONG);
}

static void folders_need_x_permission_before_their_names_show(void **state)
{
	fake_denied = node_of("a/b");
	assert_int_equal(error_of("/a/b", 0), 0);
	assert_int_equal(error_of("/a/b/c", 0), -EACCES);
	assert_int_equal(error_of("/a/b/missing", 0), -EACCES);
	assert_int_equal(error_of("/a/b/..", 0), -EACCES);
}

static void missing_last_name_gives_its_parent(void **state)
{
	struct walk_result r;

	assert_int_equal(walk_path(NULL, "/dangling", WALK_FOLLOW, &r), -ENOENT);
	assert_non_null(r.parent);
	assert_int_equal(r.parent->node, node_of("a"));
	assert_string_equal(r.name, "nothing");
	walk_result_put(&r);
	assert_int_equal(walk_path(NULL, "/a/dir/new/", WALK_PARENT, &r), 0);
	assert_int_equal(r.parent->node, node_of("a/dir"));
	assert_string_equal(r.name, "new");
	assert_true(r.trailing_slash);
	walk_result_put(&r);
}

static void magic_links_lead_to_things(void **state)
{
	struct inode *link = fake_node("magic", S_IFLNK, NULL);

	link->attr.flags = VFS_NODE_MAGIC_LINK;
	link->attr.rdev = (uint32_t)node_of("a/b");
	expect("/magic", 0, "magic");
	expect("/magic", WALK_FOLLOW, "a/b");
	expect("/magic/", 0, "a/b");
	expect("/magic/c/file", 0, "a/b/c/file");
	assert_int_equal(error_of("/magic", WALK_FOLLOW | WALK_NO_MAGIC), -ELOOP);
	link->attr.rdev = (uint32_t)node_of("a/b/c/file");
	expect("/magic", WALK_FOLLOW, "a/b/c/file");
	assert_int_equal(error_of("/magic/", 0), -ENOTDIR);
	assert_int_equal(error_of("/magic/x", 0), -ENOTDIR);
}

static void scoped_walks_stay_below_their_start(void **state)
{
	fake_set_cwd(fake_node("a", S_IFDIR, NULL));
	fake_node("a/up", S_IFLNK, "../link");
	fake_node("a/top", S_IFLNK, "/b/c");
	expect("b/c/../../dir", WALK_BENEATH, "a/dir");
	assert_int_equal(error_of("..", WALK_BENEATH), -EXDEV);
	assert_int_equal(error_of("b/../..", WALK_BENEATH), -EXDEV);
	assert_int_equal(error_of("/a", WALK_BENEATH), -EXDEV);
	assert_int_equal(error_of("up", WALK_BENEATH | WALK_FOLLOW), -EXDEV);
	assert_int_equal(error_of("top", WALK_BENEATH | WALK_FOLLOW), -EXDEV);
	expect("/b/c", WALK_IN_ROOT, "a/b/c");
	expect("../../b", WALK_IN_ROOT, "a/b");
	expect("top", WALK_IN_ROOT | WALK_FOLLOW, "a/b/c");
	fake_node("a/b/c", S_IFDIR, NULL)->attr.dev = 7;
	assert_int_equal(error_of("b/c/file", WALK_NO_XDEV), -EXDEV);
}

static void random_paths_lose_no_reference(void **state)
{
	static const char *const parts[] = { "a", "b", "c", "file", "dir", "link", "abs", "loop", "dangling", "to_file",
		".", "..", "", "missing" };

	srand(3);
	for (int round = 0; round < 20000; round++) {
		char path[256] = "";
		int n = rand() % 8;

		fake_batch = (unsigned)(1 + rand() % 4);
		fake_grants = rand() % 2;
		for (int i = 0; i < n; i++) {
			strcat(path, parts[(size_t)rand() % (sizeof(parts) / sizeof(parts[0]))]);
			strcat(path, rand() % 8 || i + 1 < n ? "/" : "");
		}
		error_of(path, (unsigned)rand() % 512);
		assert_int_equal(fake_references(), 0);
	}
}

static void known_ways_lead_where_steps_do(void **state)
{
	static const char *const parts[] = { "a", "b", "c", "file", "dir", "link", "abs", "loop", "to_file", "..", "missing" };

	srand(5);
	for (int round = 0; round < 5000; round++) {
		char path[256] = "/";
		int n = 1 + rand() % 6, err, again;
		unsigned flags = rand() % 2 ? WALK_FOLLOW : 0;
		uint64_t node;

		for (int i = 0; i < n; i++) {
			strcat(path, parts[(size_t)rand() % (sizeof(parts) / sizeof(parts[0]))]);
			strcat(path, i + 1 < n ? "/" : "");
		}
		fake_revokes++;
		node = walk(path, flags, &err);
		for (int i = 0; i < 4; i++) {
			assert_int_equal(walk(path, flags, &again), node);
			assert_int_equal(again, err);
		}
		assert_int_equal(fake_references(), 0);
	}
}

static void known_ways_are_closed_with_their_folders(void **state)
{
	for (int i = 0; i < 4; i++)
		expect("/a/b/c/file", 0, "a/b/c/file");
	fake_denied = node_of("a/b");
	assert_int_equal(error_of("/a/b/c/file", 0), -EACCES);
	fake_denied = node_of("a/b/c");
	assert_int_equal(error_of("/a/b/c/file", 0), -EACCES);
	fake_denied = node_of("");
	assert_int_equal(error_of("/a/b/c/file", 0), -EACCES);
	fake_denied = 0;
	expect("/a/b/c/file", 0, "a/b/c/file");
}

#define WALK_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WALK_TEST(cold_path_costs_one_call_and_a_warm_one_none),
		WALK_TEST(names_asked_every_time_are_used_once),
		WALK_TEST(short_replies_are_asked_on),
		WALK_TEST(links_are_followed_in_the_middle_and_on_demand_at_the_end),
		WALK_TEST(dots_and_slashes_are_no_names),
		WALK_TEST(dotdot_stops_at_the_root_of_the_process),
		WALK_TEST(errors_are_those_of_path_resolution),
		WALK_TEST(folders_need_x_permission_before_their_names_show),
		WALK_TEST(missing_last_name_gives_its_parent),
		WALK_TEST(magic_links_lead_to_things),
		WALK_TEST(scoped_walks_stay_below_their_start),
		WALK_TEST(random_paths_lose_no_reference),
		WALK_TEST(known_ways_lead_where_steps_do),
		WALK_TEST(known_ways_are_closed_with_their_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
