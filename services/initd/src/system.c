/* services/initd/src/system.c: see system.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <albireo/block.h>
#include <albireo/services.h>
#include <nucleus/nucleus.h>

#include "initd.h"
#include "keeper.h"
#include "system.h"

#define SESSIOND "/usr/libexec/albireo/sessiond"
#define SCREEN "/dev/fb0"
#define GETTY "/sbin/agetty"
#define UTMP_GROUP 43	/* Debian's group `utmp` */
#define END_SECONDS 5	/* from SIGTERM to SIGKILL */

static bool is_mounted, is_ending;
static char terminal_name[32], terminal_type[64];

/* ---- the volume ---- */

/* Returns: the path of the system volume's device in @path; -ENOENT there is none. */
static int find_volume(char *path, size_t size)
{
	struct ipc_message msg = { .words = { STORAGED_FIND, STORAGE_SYSTEM_VOLUME_LOW, STORAGE_SYSTEM_VOLUME_HIGH } };
	struct storage_call device = { .op = STORAGE_LIST };
	int err;

	/* A machine without disks does not start storaged. */
	if (nucleus_storage(&device))
		return -ENOENT;
	err = nucleus_ask(SERVICE_STORAGED, &msg);
	if (err)
		return err;
	for (; !nucleus_storage(&device); device.index++) {
		if (device.info.id == msg.words[1]) {
			snprintf(path, size, "/dev/%s", device.info.name);
			return 0;
		}
	}
	return -ENOENT;
}

static void read_hostname(void)
{
	char name[65];
	int fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, name, sizeof(name) - 1);

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return;
	name[len] = '\0';
	name[strcspn(name, "\n")] = '\0';
	if (sethostname(name, strlen(name)))
		initd_log(NUCLEUS_LOG_WARN, "cannot take the name %s: error %d", name, errno);
}

/* What the volume's programs expect in the machine's own /run. */
static void make_run(void)
{
	int fd = open("/run/utmp", O_WRONLY | O_CREAT | O_CLOEXEC, 0664);

	if (fd < 0 || fchown(fd, 0, UTMP_GROUP) || fchmod(fd, 0664))
		initd_log(NUCLEUS_LOG_WARN, "cannot make /run/utmp: error %d", errno);
	if (fd >= 0)
		close(fd);
	if ((mkdir("/run/lock", 0755) && errno != EEXIST) || chmod("/run/lock", 01777))
		initd_log(NUCLEUS_LOG_WARN, "cannot make /run/lock: error %d", errno);
}

bool system_mount(void)
{
	char device[BLOCK_NAME_MAX + 8];
	int err = find_volume(device, sizeof(device));

	if (err) {
		if (err != -ENOENT)
			initd_log(NUCLEUS_LOG_ERROR, "cannot look for the system volume: error %d", -err);
		return false;
	}
	/* The volume has a drive C: of its own. */
	if (machine_umount("/windows"))
		return false;
	if (machine_mount_root("ext4", device))
		return false;
	initd_log(NUCLEUS_LOG_INFO, "the system volume is %s", device);
	read_hostname();
	make_run();
	is_mounted = true;
	return true;
}

/* ---- the logins ---- */

static void run_getty(void)
{
	static char *argv[] = { "agetty", "--noclear", "--local-line", "--8bits", "115200", terminal_name, terminal_type, NULL };
	static char *envp[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };

	execve(GETTY, argv, envp);
}

static void run_sessiond(void)
{
	static char *argv[] = { "sessiond", "--login", NULL };
	static char *envp[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };

	execve(SESSIOND, argv, envp);
}

static struct keeper getty = { .name = "the login of the terminal", .run = run_getty, .is_session = true };
static struct keeper sessiond = { .name = "sessiond", .run = run_sessiond };

void system_begin(const char *terminal, const char *term, const sigset_t *signal_mask)
{
	if (terminal) {
		snprintf(terminal_name, sizeof(terminal_name), "%s", terminal);
		snprintf(terminal_type, sizeof(terminal_type), "%s", term);
		keeper_start(&getty, signal_mask);
	}
	if (!access(SCREEN, R_OK | W_OK) && !access(SESSIOND, X_OK))
		keeper_start(&sessiond, signal_mask);
}

void system_reaped(pid_t pid)
{
	keeper_reaped(&getty, pid, is_ending);
	keeper_reaped(&sessiond, pid, is_ending);
}

/* ---- the end ---- */

void system_end(void)
{
	/* An interactive shell ignores SIGTERM, and ends when its terminal hangs up. */
	static const int signals[] = { SIGTERM, SIGHUP, SIGCONT };

	is_ending = true;
	if (!is_mounted)
		return;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (kill(-1, signals[i]) && errno != ESRCH)
			initd_log(NUCLEUS_LOG_WARN, "cannot signal all programs: error %d", errno);
	keeper_wait(NULL, END_SECONDS, system_reaped);
}
