/* kernel/executive/src/rootd.c: the first process, from the bundle.
 *
 * rootd's own file is the only one that the kernel parses for itself; everything
 * after it is rootd's or loaderd's work.
 */
#include <albireo/services.h>
#include <image/image.h>
#include <io/inode.h>
#include <nucleus/log.h>
#include <ps/process.h>
#include <string.h>
#include "internal.h"

#define ROOTD_PATH "services/rootd/rootd.elf"

static int read_object(void *context, uint64_t offset, void *buf, size_t len)
{
	int64_t n = mm_object_read(context, offset, buf, len);

	return n == (int64_t)len ? 0 : -5;	/* EIO */
}

void rootd_start(void)
{
	static struct image_layout layout;
	static uint8_t head[IMAGE_HEAD_BYTES];
	struct proc_spawn spec = { .name = "rootd", .capabilities = CAP_ROOT, .rank = SERVICE_RANK_PROGRAM };
	struct mm_object *object;
	struct elf_source source;
	struct process *rootd;
	uint64_t bytes;
	int64_t n;
	int err;

	if (bundle_open(ROOTD_PATH, &object, &bytes))
		panic("no boot bundle, or no %s in it: the kernel does not run without one", ROOTD_PATH);
	n = mm_object_read(object, 0, head, sizeof(head));
	source = (struct elf_source){ .head = head, .head_len = n > 0 ? (size_t)n : 0, .file_size = bytes,
		.read = read_object, .ctx = object };
	err = image_parse_elf(&source, &layout);
	if (err)
		panic("%s: error %d in its ELF headers", ROOTD_PATH, err);
	err = ps_spawn_service(&spec, object, &layout, NULL, 0, &rootd);
	if (err)
		panic("%s: error %d at its start", ROOTD_PATH, err);
	mm_object_put(object);
	ps_start(rootd);
	ps_put(rootd);
}
