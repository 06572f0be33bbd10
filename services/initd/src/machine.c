/* Preparing the machine: brokers, and messages to vfsd. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <albireo/driver.h>
#include <albireo/services.h>
#include <nucleus/nucleus.h>

#include "initd.h"

#define DEV(major, minor) ((uint64_t)(major) << 20 | (minor))
#define PORT_MAJOR 240
#define WINDOWS "/windows/"
#define DRIVERS_DEADLINE_NS 60000000000ull	/* a driver may wait long for its devices */
#define TTY_GROUP 5	/* Debian's group `tty` */

void initd_log(enum nucleus_log_level level, const char *fmt, ...)
{
	char line[256];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	nucleus_log(level, NUCLEUS_LOG_CATEGORY_SERVICE, line,
		    (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1);
}

/* One request to vfsd. Returns: its status, or why it could not be asked. */
static int ask_vfsd(const uint64_t words[IPC_WORDS], const char *data, size_t len)
{
	static int vfsd = -1;
	struct ipc_message msg = { 0 };
	int err;

	if (vfsd < 0)
		vfsd = nucleus_lookup_service(SERVICE_VFSD);
	if (vfsd < 0)
		return vfsd;
	memcpy(msg.words, words, sizeof(msg.words));
	msg.data = (uintptr_t)data;
	msg.data_len = (uint32_t)len;
	err = nucleus_ipc_call(vfsd, &msg);
	return err ? err : (int)(int64_t)msg.words[0];
}

void machine_set_clock(const struct exec_request *request)
{
	long err;

	if (!request->time_ns)
		return;
	err = nucleus_launch(LAUNCH_SET_CLOCK, request->time_ns + nucleus_clock());
	if (err)
		initd_log(NUCLEUS_LOG_WARN, "cannot set the clock: error %ld", -err);
}

void machine_set_name(const struct exec_request *request)
{
	if (*request->host && sethostname(request->host, strlen(request->host)))
		initd_log(NUCLEUS_LOG_WARN, "cannot take the name %s: error %d", request->host, errno);
}

static int mount(const char *type, const char *source, const char *target, const char *options, uint32_t flags)
{
	const uint64_t words[IPC_WORDS] = { VFS_MOUNT, flags };
	char data[VFS_PATH_MAX + 512];
	int len, err;

	len = snprintf(data, sizeof(data), "%s%c%s%c%s%c%s", type, 0, source, 0, target, 0, options);
	err = (size_t)len < sizeof(data) ? ask_vfsd(words, data, (size_t)len + 1) : -ENAMETOOLONG;
	if (err)
		initd_log(NUCLEUS_LOG_ERROR, "cannot mount %s on %s: error %d", source, target, -err);
	return err;
}

int machine_mount_root(const char *type, const char *source)
{
	int err = mount(type, source, "/", "", 0);

	/* From here on paths are the volume's. */
	return err ? err : (int)nucleus_launch(LAUNCH_REROOT, 0);
}

int machine_umount(const char *target)
{
	static const uint64_t words[IPC_WORDS] = { VFS_UMOUNT };
	int err = ask_vfsd(words, target, strlen(target) + 1);

	if (err)
		initd_log(NUCLEUS_LOG_ERROR, "cannot unmount %s: error %d", target, -err);
	return err;
}

static int mount_export(const struct exec_request *request, const struct request_mount *export)
{
	uint32_t flags = VFS_MOUNT_NOSUID | VFS_MOUNT_NODEV;
	char options[64] = "";

	if (export->is_readonly)
		flags |= VFS_MOUNT_READONLY;
	if (*request->id)
		snprintf(options, sizeof(options), "id=%s", request->id);
	return mount("9p", export->tag, export->target, options, flags);
}

static int mount_home(void)
{
	int err = mount("tmpfs", "home", "/root", "", VFS_MOUNT_NOSUID | VFS_MOUNT_NODEV);

	if (!err && chmod("/root", 0700))
		err = -errno;
	return err;
}

/* Folders below /windows that a program finds on its drives. */
static void make_drives(const struct exec_request *request)
{
	static const char *const folders[] = { "/windows/c", "/windows/c/windows", "/windows/c/users",
		"/windows/c/ProgramData", "/windows/c/Program Files", "/windows/dosdevices" };
	static const struct { const char *target, *path; } drives[] = {
		{ "/windows/c", "/windows/dosdevices/c:" }, { "/", "/windows/dosdevices/z:" } };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (mkdir(folders[i], 0755) && errno != EEXIST)
			initd_log(NUCLEUS_LOG_WARN, "cannot make %s: error %d", folders[i], errno);
	for (size_t i = 0; i < sizeof(drives) / sizeof(drives[0]); i++)
		if (symlink(drives[i].target, drives[i].path) && errno != EEXIST)
			initd_log(NUCLEUS_LOG_WARN, "cannot make %s: error %d", drives[i].path, errno);
}

int machine_mount(const struct exec_request *request)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < request->nmounts; i++) {
		const struct request_mount *export = &request->mounts[i];

		if (!strncmp(export->target, WINDOWS, sizeof(WINDOWS) - 1))
			make_drives(request);
		err = mount_export(request, export);
		/* From here on paths are the program's. */
		if (!err && !strcmp(export->target, "/"))
			err = (int)nucleus_launch(LAUNCH_REROOT, 0);
	}
	if (!err && request->has_home_tmpfs)
		err = mount_home();
	return err;
}

struct device_name {
	const char *path;
	uint32_t mode;
	uint64_t rdev;
	const char *target;
};

static void publish(const struct device_name *name, uint32_t uid, uint32_t gid)
{
	const uint64_t words[IPC_WORDS] = { VFS_PUBLISH, name->mode, name->rdev, uid | (uint64_t)gid << 32 };
	char data[128];
	int len, err;

	len = snprintf(data, sizeof(data), "%s%c%s", name->path, 0, name->target ? name->target : "");
	err = ask_vfsd(words, data, (size_t)len + 1);
	if (err)
		initd_log(NUCLEUS_LOG_ERROR, "cannot publish /dev/%s: error %d", name->path, -err);
}

void machine_publish(uint32_t uid, uint32_t gid)
{
	static const struct device_name ours[] = {
		{ "albireo/control", S_IFCHR | 0600, DEV(PORT_MAJOR, 0), NULL },
		{ "null", S_IFCHR | 0666, DEV(1, 3), NULL },
		{ "zero", S_IFCHR | 0666, DEV(1, 5), NULL },
		{ "full", S_IFCHR | 0666, DEV(1, 7), NULL },
		{ "random", S_IFCHR | 0666, DEV(1, 8), NULL },
		{ "urandom", S_IFCHR | 0666, DEV(1, 9), NULL },
		{ "tty", S_IFCHR | 0666, DEV(5, 0), NULL },
		{ "console", S_IFCHR | 0600, DEV(5, 1), NULL },
		{ "ptmx", S_IFCHR | 0666, DEV(5, 2), NULL },
	};
	static const struct device_name callers[] = {
		{ "albireo/stdin", S_IFCHR | 0600, DEV(PORT_MAJOR, 1), NULL },
		{ "albireo/stdout", S_IFCHR | 0600, DEV(PORT_MAJOR, 2), NULL },
		{ "albireo/stderr", S_IFCHR | 0600, DEV(PORT_MAJOR, 3), NULL },
	};
	static const struct device_name tty = { "albireo/tty", S_IFCHR | 0620, DEV(PORT_MAJOR, 4), NULL };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		publish(&ours[i], 0, 0);
	for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++)
		publish(&callers[i], uid, gid);
	publish(&tty, uid, TTY_GROUP);
}

/* Have @service do @op for the machine's devices, if it has any. */
static void ask_for_devices(uint32_t service, uint64_t op)
{
	struct ipc_message msg = { .words = { op }, .deadline_ns = DRIVERS_DEADLINE_NS };
	int err;

	if (nucleus_launch(LAUNCH_SPARE_DEVICES, 0) <= 0)
		return;
	err = nucleus_ask(service, &msg);
	if (err)
		initd_log(NUCLEUS_LOG_WARN, "devices are without drivers or names: error %d", -err);
}

void machine_settle_devices(void)
{
	ask_for_devices(SERVICE_DEVMGRD, DEVMGRD_SETTLE);
}

void machine_load_file_drivers(void)
{
	ask_for_devices(SERVICE_DRIVERD, DRIVERD_FILES_READY);
}

void machine_settle_disks(uint32_t uid, uint32_t gid)
{
	struct ipc_message msg = { .words = { STORAGED_SETTLE, uid | (uint64_t)gid << 32 } };
	struct storage_call first = { .op = STORAGE_LIST };
	int err;

	/* A machine without disks does not start storaged. */
	if (nucleus_storage(&first))
		return;
	err = nucleus_ask(SERVICE_STORAGED, &msg);
	if (err)
		initd_log(NUCLEUS_LOG_ERROR, "the disks have no names: error %d", -err);
}

static void unpublish(const char *path)
{
	static const uint64_t words[IPC_WORDS] = { VFS_UNPUBLISH };
	int err = ask_vfsd(words, path, strlen(path) + 1);

	if (err)
		initd_log(NUCLEUS_LOG_WARN, "cannot take /dev/%s back: error %d", path, -err);
}

void machine_hide_control(void)
{
	unpublish("albireo/control");
}

/* Is @path strictly below a folder that is the machine's own and can be written? */
static bool is_own(const char *path)
{
	static const char *const folders[] = { "/tmp/", "/var/tmp/", "/run/", "/dev/shm/" };

	if (strstr(path, "/../"))
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (!strncmp(path, folders[i], strlen(folders[i])) && path[strlen(folders[i])])
			return true;
	return false;
}

static void make_folders(const char *path, const struct exec_request *request)
{
	char buf[VFS_PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(buf))
		return;
	memcpy(buf, path, len + 1);
	while (len > 1 && buf[len - 1] == '/')
		buf[--len] = '\0';
	for (char *p = strchr(buf + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(buf, 0755);
		*p = '/';
	}
	if (!mkdir(buf, 0700) && chown(buf, request->uid, request->gid))
		initd_log(NUCLEUS_LOG_WARN, "cannot give %s to uid %u: error %d", buf, request->uid, errno);
}

void machine_make_tmpdir(const struct exec_request *request)
{
	for (char **env = request->envp; *env; env++)
		if (!strncmp(*env, "TMPDIR=", 7) && is_own(*env + 7))
			make_folders(*env + 7, request);
}

/* The name that Windows programs are told: the kernel takes it from the same variables. */
static const char *user_name(const struct exec_request *request)
{
	static const char *const names[] = { "USER=", "LOGNAME=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (char **env = request->envp; *env; env++) {
			const char *value = *env + strlen(names[i]);

			if (!strncmp(*env, names[i], strlen(names[i])) && *value)
				return value;
		}
	return "root";
}

void machine_make_profile(const struct exec_request *request)
{
	static const char *const folders[] = { "", "/Temp", "/AppData", "/AppData/Local", "/AppData/Roaming",
		"/Desktop", "/Documents" };
	const char *user = user_name(request);
	char path[VFS_PATH_MAX];

	if (strchr(user, '/') || !strcmp(user, ".") || !strcmp(user, ".."))
		return;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if ((size_t)snprintf(path, sizeof(path), "/windows/c/users/%s%s", user, folders[i]) < sizeof(path))
			make_folders(path, request);
}

void machine_settle(void)
{
	static const uint64_t shutdown[IPC_WORDS] = { VFS_SHUTDOWN };
	long err;

	err = nucleus_machine(MACHINE_KILL_ALL);
	if (err)
		initd_log(NUCLEUS_LOG_ERROR, "cannot end what is left: error %ld", -err);
	err = nucleus_machine(MACHINE_SYNC);
	if (err)
		initd_log(NUCLEUS_LOG_ERROR, "cannot write everything back: error %ld", -err);
	err = ask_vfsd(shutdown, NULL, 0);
	if (err)
		initd_log(NUCLEUS_LOG_ERROR, "cannot unmount: error %ld", -err);
}

void machine_end(uint64_t op)
{
	long err = nucleus_machine(op);

	initd_log(NUCLEUS_LOG_FATAL, "the machine does not end: error %ld", -err);
	_exit(EXIT_FAILURE);
}

void machine_poweroff(void)
{
	machine_end(MACHINE_POWEROFF);
}
