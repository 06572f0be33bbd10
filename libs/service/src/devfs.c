#include <service/devfs.h>

#include <string.h>

#include <albireo/vfs.h>
#include <service/service.h>

static int ask_vfsd(struct ipc_message *msg, const char *name)
{
	msg->data = (uintptr_t)name;
	msg->data_len = (uint32_t)strlen(name) + 1;
	return nucleus_ask(SERVICE_VFSD, msg);
}

int service_publish(const char *name, uint32_t mode, uint64_t device, uint64_t owner)
{
	struct ipc_message msg = { .words = { VFS_PUBLISH, mode, device, owner } };

	return ask_vfsd(&msg, name);
}

int service_unpublish(const char *name)
{
	struct ipc_message msg = { .words = { VFS_UNPUBLISH } };

	return ask_vfsd(&msg, name);
}
