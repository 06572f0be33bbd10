#include "support.h"

#define NNAMES 3000u

static struct disk *disk;
static struct mount mount;

static int set_up(void **state)
{
	(void)state;
	disk = disk_mkfs(24 << 20, "-N 8000");
	mount = mount_disk(disk);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unmount(&mount);
	disk_check(disk);
	disk_destroy(disk);
	return 0;
}

static int rename_names(uint32_t old_dir, const char *old_name, uint32_t new_dir, const char *new_name, unsigned int flags)
{
	struct ext4_rename args = { old_dir, new_dir, old_name, new_name, strlen(old_name), strlen(new_name), flags, 0, 0 };
	struct ext4_attr attr;
	int err = ext4_rename(mount.fs, &args);

	if (!err && args.victim && ext4_getattr(mount.fs, args.victim, &attr) == 0 && attr.nlink == 0)
		assert_int_equal(ext4_evict(mount.fs, args.victim), 0);
	return err;
}

static uint32_t make_one(uint32_t dir, const char *name, uint32_t mode)
{
	uint32_t ino;

	assert_int_equal(make(&mount, dir, name, mode, &ino), 0);
	return ino;
}

static uint32_t nlink_of(uint32_t ino)
{
	struct ext4_attr attr;

	assert_int_equal(ext4_getattr(mount.fs, ino, &attr), 0);
	return attr.nlink;
}

static void names_are_created_once_and_found(void **state)
{
	char longest[257];
	uint32_t ino, dir = make_one(EXT4_ROOT_INO, "dir", 040755);

	(void)state;
	memset(longest, 'n', sizeof(longest));
	longest[256] = '\0';
	assert_int_equal(make(&mount, dir, longest, 0100644, &ino), -ENAMETOOLONG);
	longest[255] = '\0';
	make_one(dir, longest, 0100644);
	assert_int_equal(make(&mount, dir, longest, 0100644, &ino), -EEXIST);
	assert_int_equal(make(&mount, dir, "", 0100644, &ino), -EINVAL);
	assert_int_equal(make(&mount, dir, "..", 0100644, &ino), -EINVAL);
	assert_int_equal(make(&mount, dir, "a/b", 0100644, &ino), -EINVAL);
	assert_int_equal(make(&mount, lookup(&mount, dir, longest), "x", 0100644, &ino), -ENOTDIR);
	assert_int_equal(make(&mount, 8, "x", 0100644, &ino), -ESTALE);
	assert_int_equal(make(&mount, 7000, "x", 0100644, &ino), -ESTALE);
	assert_int_equal(lookup(&mount, dir, "absent"), 0);
	assert_int_equal(lookup(&mount, dir, ".."), EXT4_ROOT_INO);
}

static void links_and_unlinks_count(void **state)
{
	uint32_t ino = make_one(EXT4_ROOT_INO, "one", 0100644), dir = make_one(EXT4_ROOT_INO, "dir", 040755), victim;

	(void)state;
	assert_int_equal(ext4_link(mount.fs, ino, dir, "two", 3), 0);
	assert_int_equal(ext4_link(mount.fs, ino, dir, "two", 3), -EEXIST);
	assert_int_equal(ext4_link(mount.fs, dir, dir, "loop", 4), -EPERM);
	assert_int_equal(nlink_of(ino), 2);
	assert_int_equal(nlink_of(EXT4_ROOT_INO), 4);
	assert_int_equal(ext4_unlink(mount.fs, EXT4_ROOT_INO, "dir", 3, false, &victim), -EISDIR);
	assert_int_equal(ext4_unlink(mount.fs, EXT4_ROOT_INO, "dir", 3, true, &victim), -ENOTEMPTY);
	assert_int_equal(ext4_unlink(mount.fs, EXT4_ROOT_INO, "one", 3, true, &victim), -ENOTDIR);
	assert_int_equal(remove_name(&mount, dir, "two", false), 0);
	assert_int_equal(remove_name(&mount, EXT4_ROOT_INO, "dir", true), 0);
	assert_int_equal(nlink_of(EXT4_ROOT_INO), 3);
	assert_int_equal(remove_name(&mount, EXT4_ROOT_INO, "one", false), 0);
	assert_int_equal(remove_name(&mount, EXT4_ROOT_INO, "one", false), -ENOENT);
}

static int collect(void *ctx, uint32_t ino)
{
	*(uint32_t *)ctx = ino;
	return 0;
}

static void an_unnamed_file_is_an_orphan_until_linked(void **state)
{
	struct ext4_create args = { .mode = 0100600 };
	uint32_t ino, found = 0;

	(void)state;
	assert_int_equal(ext4_create_unnamed(mount.fs, EXT4_ROOT_INO, &args, &ino), 0);
	assert_int_equal(ext4_orphans(mount.fs, collect, &found), 0);
	assert_int_equal(found, ino);
	assert_int_equal(ext4_link(mount.fs, ino, EXT4_ROOT_INO, "named", 5), 0);
	found = 0;
	assert_int_equal(ext4_orphans(mount.fs, collect, &found), 0);
	assert_int_equal(found, 0);
	assert_int_equal(nlink_of(ino), 1);
}

static void orphans_leave_the_list_in_any_order(void **state)
{
	uint32_t inos[8], i, victim, found = 0;
	char name[16];

	(void)state;
	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "orphan-%u", i);
		inos[i] = make_one(EXT4_ROOT_INO, name, 0100600);
		assert_int_equal(write_file(&mount, inos[i], 0, "x", 1), 0);
	}
	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "orphan-%u", i);
		assert_int_equal(ext4_unlink(mount.fs, EXT4_ROOT_INO, name, strlen(name), false, &victim), 0);
	}
	for (i = 0; i < 8; i++)
		assert_int_equal(ext4_evict(mount.fs, inos[i * 5 % 8]), 0);
	assert_int_equal(ext4_orphans(mount.fs, collect, &found), 0);
	assert_int_equal(found, 0);
	assert_int_equal(ext4_evict(mount.fs, inos[0]), -ESTALE);
}

static void rename_replaces_exchanges_and_refuses(void **state)
{
	uint32_t a = make_one(EXT4_ROOT_INO, "a", 040755), b = make_one(a, "b", 040755);
	uint32_t file = make_one(b, "file", 0100644), other = make_one(EXT4_ROOT_INO, "other", 0100644);

	(void)state;
	assert_int_equal(rename_names(EXT4_ROOT_INO, "a", b, "x", 0), -EINVAL);
	assert_int_equal(rename_names(EXT4_ROOT_INO, "a", a, "x", 0), -EINVAL);
	assert_int_equal(rename_names(EXT4_ROOT_INO, "absent", a, "x", 0), -ENOENT);
	assert_int_equal(rename_names(b, "file", EXT4_ROOT_INO, "a", 0), -EISDIR);
	assert_int_equal(rename_names(a, "b", EXT4_ROOT_INO, "other", 0), -ENOTDIR);
	assert_int_equal(rename_names(b, "file", EXT4_ROOT_INO, "other", EXT4_RENAME_NOREPLACE), -EEXIST);
	assert_int_equal(rename_names(b, "file", EXT4_ROOT_INO, "new", EXT4_RENAME_EXCHANGE), -ENOENT);
	assert_int_equal(rename_names(EXT4_ROOT_INO, "other", a, "b", EXT4_RENAME_EXCHANGE), 0);
	assert_int_equal(lookup(&mount, EXT4_ROOT_INO, "other"), b);
	assert_int_equal(lookup(&mount, b, ".."), EXT4_ROOT_INO);
	assert_int_equal(nlink_of(a), 2);
	assert_int_equal(lookup(&mount, a, "b"), other);
	assert_int_equal(rename_names(b, "file", a, "b", 0), 0);
	assert_int_equal(lookup(&mount, a, "b"), file);
	assert_int_equal(rename_names(EXT4_ROOT_INO, "a", EXT4_ROOT_INO, "other", 0), 0);
	assert_int_equal(lookup(&mount, EXT4_ROOT_INO, "other"), a);
	assert_int_equal(rename_names(EXT4_ROOT_INO, "other", EXT4_ROOT_INO, "lost+found", 0), 0);
}

struct seen {
	uint8_t times[NNAMES * 2];
	uint64_t cookie;
	unsigned int left;
};

static bool see(void *ctx, const struct ext4_dirent *entry)
{
	struct seen *seen = ctx;
	char name[32];

	if (seen->left == 0)
		return false;
	seen->left--;
	snprintf(name, sizeof(name), "%.*s", entry->name_len, entry->name);
	seen->times[atoi(name + strlen("entry "))]++;
	seen->cookie = entry->cookie;
	return true;
}

static void a_listing_has_each_lasting_name_once_while_others_come_and_go(void **state)
{
	uint32_t dir = make_one(EXT4_ROOT_INO, "dir", 040755), i, next = NNAMES, target;
	struct seen *seen = calloc(1, sizeof(*seen));
	char name[32];

	(void)state;
	target = make_one(EXT4_ROOT_INO, "target", 0100644);
	for (i = 0; i < NNAMES; i++) {
		snprintf(name, sizeof(name), "entry %u", i);
		assert_int_equal(RETRIED(&mount, ext4_link(mount.fs, target, dir, name, strlen(name))), 0);
	}
	do {
		seen->left = 100;
		assert_int_equal(ext4_readdir(mount.fs, dir, seen->cookie, see, seen), 0);
		for (i = 0; i < 50 && next < NNAMES * 2; i++) {
			snprintf(name, sizeof(name), "entry %u", next++);
			assert_int_equal(RETRIED(&mount, ext4_link(mount.fs, target, dir, name, strlen(name))), 0);
		}
	} while (seen->left == 0);
	for (i = 0; i < NNAMES * 2; i++)
		assert_true(i < NNAMES ? seen->times[i] == 1 : seen->times[i] <= 1);
	for (i = 0; i < next; i++) {
		snprintf(name, sizeof(name), "entry %u", i);
		assert_int_equal(remove_name(&mount, dir, name, false), 0);
	}
	assert_int_equal(remove_name(&mount, EXT4_ROOT_INO, "dir", true), 0);
	free(seen);
}

static void every_type_keeps_its_attributes(void **state)
{
	static const uint32_t modes[] = { S_IFREG | 04755, S_IFIFO | 0600, S_IFSOCK | 0777, S_IFCHR | 0620, S_IFBLK | 0660 };
	struct ext4_create args = { .uid = 70000, .gid = 4000000000u };
	struct ext4_attr attr, set = { .mode = 0123, .uid = 1, .gid = 2, .atime = { 17000000000 - (1ll << 33), 1 },
				       .mtime = { -5, 999999999 } };
	char name[16];
	uint32_t i, ino;

	(void)state;
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "type-%u", i);
		args.mode = modes[i];
		args.rdev = i == 3 ? 4 << 8 | 1 : 259u << 8 | 7 | 300u << 20;
		assert_int_equal(ext4_create(mount.fs, EXT4_ROOT_INO, name, strlen(name), &args, &ino), 0);
		assert_int_equal(ext4_getattr(mount.fs, ino, &attr), 0);
		assert_int_equal(attr.mode, modes[i]);
		assert_int_equal(attr.rdev, i >= 3 ? args.rdev : 0);
		assert_int_equal(attr.uid, 70000);
		assert_int_equal(attr.gid, 4000000000u);
		assert_int_equal(ext4_setattr(mount.fs, ino, EXT4_ATTR_MODE | EXT4_ATTR_UID | EXT4_ATTR_GID | EXT4_ATTR_ATIME |
					      EXT4_ATTR_MTIME, &set), 0);
		assert_int_equal(ext4_getattr(mount.fs, ino, &attr), 0);
		assert_int_equal(attr.mode, (modes[i] & S_IFMT) | 0123);
		assert_int_equal(attr.gid, 2);
		assert_memory_equal(&attr.atime, &set.atime, sizeof(attr.atime));
		assert_int_equal(attr.mtime.sec, -5);
		assert_int_equal(attr.mtime.nsec, 999999999);
	}
}

static void symbolic_links_of_each_length_are_read_back(void **state)
{
	static const size_t lengths[] = { 1, 59, 60, 1023 };
	char target[1024], got[1024], name[16];
	struct ext4_create args = { .mode = S_IFLNK | 0777, .target = target };
	uint32_t ino;
	size_t i, len;

	(void)state;
	memset(target, 't', sizeof(target));
	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "link-%zu", i);
		args.target_len = lengths[i];
		assert_int_equal(ext4_create(mount.fs, EXT4_ROOT_INO, name, strlen(name), &args, &ino), 0);
		len = sizeof(got);
		assert_int_equal(ext4_readlink(mount.fs, ino, got, &len), 0);
		assert_int_equal(len, lengths[i]);
		assert_memory_equal(got, target, len);
	}
	args.target_len = 1024;
	assert_int_equal(ext4_create(mount.fs, EXT4_ROOT_INO, "x", 1, &args, &ino), -ENAMETOOLONG);
	assert_int_equal(remove_name(&mount, EXT4_ROOT_INO, "link-3", false), 0);
}

static void immutable_and_append_only_are_respected(void **state)
{
	uint32_t dir = make_one(EXT4_ROOT_INO, "dir", 040755), file = make_one(dir, "file", 0100644), ino;
	struct ext4_attr set = { .flags = EXT4_FLAG_APPEND };

	(void)state;
	assert_int_equal(ext4_setattr(mount.fs, dir, EXT4_ATTR_FLAGS, &set), 0);
	assert_int_equal(make(&mount, dir, "more", 0100644, &ino), 0);
	assert_int_equal(remove_name(&mount, dir, "file", false), -EPERM);
	set.flags = EXT4_FLAG_IMMUTABLE;
	assert_int_equal(ext4_setattr(mount.fs, dir, EXT4_ATTR_FLAGS, &set), 0);
	assert_int_equal(make(&mount, dir, "again", 0100644, &ino), -EPERM);
	assert_int_equal(ext4_setattr(mount.fs, file, EXT4_ATTR_FLAGS, &set), 0);
	assert_int_equal(ext4_truncate(mount.fs, file, 0), -EPERM);
	assert_int_equal(ext4_link(mount.fs, file, EXT4_ROOT_INO, "hard", 4), -EPERM);
	set.flags = 0;
	assert_int_equal(ext4_setattr(mount.fs, file, EXT4_ATTR_FLAGS, &set), 0);
	assert_int_equal(ext4_truncate(mount.fs, file, 0), 0);
}

static void folders_beyond_the_limit_are_not_counted(void **state)
{
	uint32_t dir = make_one(EXT4_ROOT_INO, "dir", 040755), ino;
	struct disk *other = disk_create(24 << 20);
	struct mount before = mount;

	(void)state;
	/* A copy, since e2fsck would miss 64,999 folders. */
	assert_int_equal(ext4_commit(mount.fs), 0);
	memcpy(other->bytes, disk->bytes, other->dev.bytes);
	mount = mount_disk(other);
	unmount(&mount);
	assert_int_equal(run(NULL, 0, SBIN "debugfs -w -R 'sif /dir links_count 64999' %s 2>/dev/null", other->path), 0);
	mount = mount_disk(other);
	assert_int_equal(make(&mount, dir, "one", 040755, &ino), 0);
	assert_int_equal(nlink_of(dir), 65000);
	assert_int_equal(make(&mount, dir, "two", 040755, &ino), 0);
	assert_int_equal(nlink_of(dir), 1);
	assert_int_equal(remove_name(&mount, dir, "two", true), 0);
	assert_int_equal(nlink_of(dir), 1);
	unmount(&mount);
	disk_destroy(other);
	mount = before;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_are_created_once_and_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(links_and_unlinks_count, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_unnamed_file_is_an_orphan_until_linked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(orphans_leave_the_list_in_any_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rename_replaces_exchanges_and_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_listing_has_each_lasting_name_once_while_others_come_and_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_type_keeps_its_attributes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(symbolic_links_of_each_length_are_read_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(immutable_and_append_only_are_respected, set_up, tear_down),
		cmocka_unit_test_setup_teardown(folders_beyond_the_limit_are_not_counted, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
