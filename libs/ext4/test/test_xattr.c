#include "support.h"

static struct disk *disk;
static struct mount mount;
static uint32_t ino;

static int set_up(void **state)
{
	(void)state;
	disk = disk_mkfs(16 << 20, "");
	mount = mount_disk(disk);
	return make(&mount, EXT4_ROOT_INO, "file", 0100644, &ino);
}

static int tear_down(void **state)
{
	(void)state;
	unmount(&mount);
	disk_check(disk);
	disk_destroy(disk);
	return 0;
}

static int set(const char *name, const void *value, size_t len, unsigned int flags)
{
	return ext4_setxattr(mount.fs, ino, name, strlen(name), value, len, flags);
}

static int get(const char *name, void *value, size_t *len)
{
	return ext4_getxattr(mount.fs, ino, name, strlen(name), value, len);
}

static void must_have(const char *name, const void *value, size_t len)
{
	char found[2048];
	size_t found_len = sizeof(found);

	assert_int_equal(get(name, found, &found_len), 0);
	assert_int_equal(found_len, len);
	assert_memory_equal(found, value, len);
}

static void attributes_are_set_replaced_and_removed(void **state)
{
	char big[700], list[512];
	size_t len = 0;

	(void)state;
	memset(big, 'b', sizeof(big));
	assert_int_equal(set("user.small", "one", 3, 0), 0);
	assert_int_equal(set("user.small", "two", 3, EXT4_XATTR_CREATE), -EEXIST);
	assert_int_equal(set("user.none", "two", 3, EXT4_XATTR_REPLACE), -ENODATA);
	assert_int_equal(set("user.empty", "", 0, 0), 0);
	assert_int_equal(set("trusted.big", big, sizeof(big), 0), 0);
	assert_int_equal(set("security.capability", "\1\0\0\2", 4, 0), 0);
	assert_int_equal(set("user.small", "three", 5, 0), 0);
	must_have("user.small", "three", 5);
	must_have("user.empty", "", 0);
	must_have("trusted.big", big, sizeof(big));
	must_have("security.capability", "\1\0\0\2", 4);
	assert_int_equal(set("user.too big", big, 500, 0), -ENOSPC);
	assert_int_equal(set("other.x", "x", 1, 0), -EOPNOTSUPP);
	assert_int_equal(get("user.none", NULL, &len), -ENODATA);
	len = 0;
	assert_int_equal(get("trusted.big", NULL, &len), 0);
	assert_int_equal(len, sizeof(big));
	len = 10;
	assert_int_equal(get("trusted.big", list, &len), -ERANGE);
	len = sizeof(list);
	assert_int_equal(ext4_listxattr(mount.fs, ino, list, &len), 0);
	assert_int_equal(len, sizeof("user.small") + sizeof("user.empty") + sizeof("trusted.big") + sizeof("security.capability"));
	assert_int_equal(ext4_removexattr(mount.fs, ino, "trusted.big", 11), 0);
	assert_int_equal(ext4_removexattr(mount.fs, ino, "trusted.big", 11), -ENODATA);
	must_have("user.small", "three", 5);
}

static void debugfs_reads_the_same(void **state)
{
	char out[512], big[600];

	(void)state;
	memset(big, 'B', sizeof(big));
	assert_int_equal(set("user.name", "value", 5, 0), 0);
	assert_int_equal(set("user.big", big, sizeof(big), 0), 0);
	assert_int_equal(ext4_commit(mount.fs), 0);
	run(out, sizeof(out), SBIN "debugfs -R 'ea_get /file user.name' %s 2>/dev/null", disk->path);
	assert_non_null(strstr(out, "value"));
	run(out, sizeof(out), SBIN "debugfs -R 'ea_list /file' %s 2>/dev/null", disk->path);
	assert_non_null(strstr(out, "user.big (600)"));
}

static void an_acl_has_its_short_form_on_the_disk(void **state)
{
	static const uint8_t acl[] = {
		2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 232, 3, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255,
		16, 0, 4, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255,
	};
	char out[512];

	(void)state;
	assert_int_equal(set("system.posix_acl_access", acl, sizeof(acl), 0), 0);
	assert_int_equal(set("system.posix_acl_default", acl, 7, 0), -EINVAL);
	must_have("system.posix_acl_access", acl, sizeof(acl));
	assert_int_equal(ext4_commit(mount.fs), 0);
	run(out, sizeof(out), SBIN "debugfs -R 'ea_list /file' %s 2>/dev/null", disk->path);
	assert_non_null(strstr(out, "system.posix_acl_access"));
}

static void a_files_end_frees_its_attributes(void **state)
{
	struct ext4_statfs before, after;
	char big[600] = { 1 };
	uint32_t other;

	(void)state;
	assert_int_equal(ext4_statfs(mount.fs, &before), 0);
	assert_int_equal(make(&mount, EXT4_ROOT_INO, "other", 0100644, &other), 0);
	assert_int_equal(ext4_setxattr(mount.fs, other, "user.x", 6, big, sizeof(big), 0), 0);
	assert_int_equal(ext4_statfs(mount.fs, &after), 0);
	assert_int_equal(after.free_blocks, before.free_blocks - 1);
	assert_int_equal(remove_name(&mount, EXT4_ROOT_INO, "other", false), 0);
	assert_int_equal(ext4_statfs(mount.fs, &after), 0);
	assert_int_equal(after.free_blocks, before.free_blocks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(attributes_are_set_replaced_and_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(debugfs_reads_the_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_acl_has_its_short_form_on_the_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_files_end_frees_its_attributes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
