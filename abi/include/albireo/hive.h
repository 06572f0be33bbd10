/* abi/include/albireo/hive.h: what the kernel asks hived, the owner of the Windows registry.
 *
 * Keys are named by ids that are never used again: one of a deleted key gives -ESTALE. Text is
 * UTF-16 without an end; names compare without regard to case. Only the kernel may ask.
 */
#ifndef ALBIREO_HIVE_H
#define ALBIREO_HIVE_H

#include <stdint.h>

#define HIVE_ROOT 1ull			/* the id of `\Registry` */
#define HIVE_MAX_NAME_CHARS 255u
#define HIVE_MAX_VALUE_NAME_CHARS 16383u
#define HIVE_MAX_VALUE_BYTES (48u << 10)	/* name and data fit one message */

/* In the requests that change something: 1 here asks for the ids of the key that is another now and of those
 * above it, in that order, as the reply's data. */
#define HIVED_WANTS_CHAIN 5

/* In every reply: the number of the decision, which leases of it are granted with (LEASE_KEY, LEASE_VALUE). A
 * change takes back those that it may make wrong before it is answered. */
#define HIVED_SEQ 3

enum hived_op {
	/* key, HIVE_OPEN_*, bytes of the class | data: path below the key (components parted by backslashes), then
	 * the class. Reply: [1] id, [2] 1: created. -ENOENT; -EINVAL a bad name; -ESTALE; -EBUSY a
	 * lasting key below a volatile one. */
	HIVED_OPEN_KEY = 1,
	/* key. Reply: data: struct hive_key_info, name, class. */
	HIVED_QUERY_KEY,
	/* key, index. The same for a child; -ERANGE behind the last. */
	HIVED_ENUM_KEY,
	/* key. -ENOTEMPTY it has children; -EPERM a root of hives. */
	HIVED_DELETE_KEY,
	/* key | data: its new name. -EEXIST */
	HIVED_RENAME_KEY,
	/* key. Reply: data: the path from `\Registry` on. */
	HIVED_PATH,
	/* key, type, bytes of the name | data: name, contents. -E2BIG */
	HIVED_SET_VALUE,
	/* key | data: name. Reply: data: struct hive_value_info, name, contents. -ENOENT */
	HIVED_GET_VALUE,
	/* key, index. The same; -ERANGE behind the last. */
	HIVED_ENUM_VALUE,
	/* key | data: name. -ENOENT */
	HIVED_DELETE_VALUE,
};

#define HIVE_OPEN_CREATE 1u
#define HIVE_OPEN_VOLATILE 2u

struct hive_key_info {
	uint64_t written;		/* 100 ns units since 1601 */
	uint32_t nkeys, max_name_bytes, max_class_bytes;	/* of its children */
	uint32_t nvalues, max_value_name_bytes, max_value_bytes;
	uint32_t name_bytes, class_bytes;
	uint32_t is_volatile, pad;
};

struct hive_value_info {
	uint32_t type, name_bytes, data_bytes, pad;
};

#endif
