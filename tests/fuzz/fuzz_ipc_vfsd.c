/* The input is vfsd's messages (feigned/feigned.h), answers of 9P servers and the bytes of disks:
 * nodes and open files that a reply told of are named by later messages. */
#include <albireo/vfs.h>

#include "feigned.h"

static const char *const bundle[] = { "system/bin/program:100", "etc/motd:5", NULL };

static bool has_records(uint64_t operation)
{
	switch (operation) {
	case VFS_WALK: case VFS_ROOT: case VFS_CREATE: case VFS_LINK: case VFS_UNLINK: case VFS_RENAME:
	case VFS_SETATTR: case VFS_GETATTR:
		return true;
	default:
		return false;
	}
}

/* Records are whole, aligned, and as many as the reply says. */
static void take_records(const struct service_call *call)
{
	uint32_t at = 0, n = 0;

	while (at < call->reply_len) {
		struct vfs_record record;

		REQUIRE(at % 8 == 0 && call->reply_len - at >= sizeof(record));
		memcpy(&record, call->reply + at, sizeof(record));
		REQUIRE(record.record_len >= sizeof(record) + record.name_len + record.target_len);
		REQUIRE(record.record_len <= call->reply_len - at && record.record_len % 8 == 0);
		REQUIRE(record.kind == VFS_REC_POSITIVE || record.kind == VFS_REC_NEGATIVE);
		REQUIRE(record.name_len <= VFS_NAME_MAX && record.target_len <= VFS_PATH_MAX);
		if (record.attr.node)
			feigned_give(record.attr.node);
		at += record.record_len;
		n++;
	}
	REQUIRE(!call->reply_words[1] || n == call->reply_words[1]);
}

static void take_reply(const struct service_call *call)
{
	touch(call->reply, call->reply_len);
	if (has_records(call->words[0]))
		take_records(call);
	else if (call->words[0] == VFS_OPEN)
		feigned_give(call->reply_words[1]);
}

const struct feigned_service feigned = {
	.last_operation = VFS_OP_END - 1, .arguments = bundle, .take_reply = take_reply,
};
