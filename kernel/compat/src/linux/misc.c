/* kernel/compat/src/linux/misc.c: the machine's name and numbers, and per-thread settings. */
#include <albireo/services.h>
#include <albireo/version.h>
#include <asm/prctl.h>
#include <compat/identity.h>
#include <compat/linux.h>
#include <hal/entropy.h>
#include <ipc/endpoint.h>
#include <linux/capability.h>
#include <linux/personality.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>
#include <lowlevel/cpu.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <nucleus/log.h>
#include <linux/signal.h>
#include <string.h>

#define RANDOM_CHUNK 256u
#define HOST_NAME_MAX_BYTES 64u
#define SYSLOG_READ_ALL 3
#define SYSLOG_SIZE_UNREAD 9
#define SYSLOG_SIZE_BUFFER 10
#define SYSLOG_BYTES 65536u
#define PERSONALITY_QUERY 0xffffffffu

int64_t linux_sys_uname(const uint64_t a[6])
{
	struct new_utsname u;

	memset(&u, 0, sizeof(u));
	strcpy(u.sysname, "Linux");
	ps_get_machine_name(false, u.nodename);
	strcpy(u.release, LINUX_RELEASE);
	strcpy(u.version, LINUX_VERSION);
	strcpy(u.machine, "x86_64");
	ps_get_machine_name(true, u.domainname);
	return copy_to_user(user_ptr(a[0]), &u, sizeof(u)) ? -EFAULT : 0;
}

static int64_t set_name(bool is_domain, uint64_t at, uint64_t len)
{
	const struct credentials *me = ps_credentials();
	char name[HOST_NAME_MAX_BYTES];
	struct ipc_kernel_call c = { .words = { SYSCALLD_SETNAME, ps_current()->pid, me->uid | me->cap_effective << 32 },
		.data = name };
	int64_t err;

	if (!ps_capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len > sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, user_ptr(at), len))
		return -EFAULT;
	c.data_len = (uint32_t)len;
	err = ipc_call_service(SERVICE_SYSCALLD, &c);
	if (!err)
		err = (int64_t)c.words[0];
	if (!err)
		ps_set_machine_name(is_domain, name, len);
	return err;
}

int64_t linux_sys_sethostname(const uint64_t a[6])
{
	return set_name(false, a[0], a[1]);
}

int64_t linux_sys_setdomainname(const uint64_t a[6])
{
	return set_name(true, a[0], a[1]);
}

int64_t linux_sys_sysinfo(const uint64_t a[6])
{
	struct mm_statistics mm;
	uint64_t load[3];
	struct sysinfo s;

	memset(&s, 0, sizeof(s));
	mm_statistics(&mm);
	ps_load_averages(load);
	s.uptime = (long)(clock_monotonic_ns() / NSEC_PER_SEC);
	for (int i = 0; i < 3; i++)
		s.loads[i] = load[i] * (1ul << SI_LOAD_SHIFT) / 1000;
	s.totalram = mm.total_pages * PAGE_SIZE;
	s.freeram = mm.free_pages * PAGE_SIZE;
	s.sharedram = mm.shmem_pages * PAGE_SIZE;
	s.procs = (uint16_t)MIN(ps_thread_count(), 65535u);
	s.mem_unit = 1;
	return copy_to_user(user_ptr(a[0]), &s, sizeof(s)) ? -EFAULT : 0;
}

int64_t linux_sys_getrandom(const uint64_t a[6])
{
	uint64_t left = MIN(a[1], (uint64_t)INT32_MAX), done = 0;
	uint8_t bytes[RANDOM_CHUNK];

	if ((a[2] & ~(uint64_t)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
	    (a[2] & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	while (done < left) {
		uint64_t n = MIN(left - done, sizeof(bytes));

		kernel_random_bytes(bytes, n);
		if (copy_to_user((char __user *)user_ptr(a[0]) + done, bytes, n))
			return done ? (int64_t)done : -EFAULT;
		done += n;
		sched_cond_resched();
	}
	return (int64_t)done;
}

int64_t linux_sys_syslog(const uint64_t a[6])
{
	uint64_t cap = MIN(a[2], SYSLOG_BYTES);
	int64_t ret;
	char *text;

	if (!ps_capable(CAP_SYSLOG) && !ps_capable(CAP_SYS_ADMIN))
		return -EPERM;
	if ((int)a[0] == SYSLOG_SIZE_BUFFER)
		return SYSLOG_BYTES;
	if ((int)a[0] == SYSLOG_SIZE_UNREAD)
		return 0;
	if ((int)a[0] != SYSLOG_READ_ALL || !a[1] || (int64_t)a[2] < 0)
		return -EINVAL;
	text = kmalloc(cap + 1, HEAP_NOZERO);
	if (!text)
		return -ENOMEM;
	ret = (int64_t)log_snapshot(text, cap);
	if (copy_to_user(user_ptr(a[1]), text, (size_t)ret))
		ret = -EFAULT;
	kfree(text);
	return ret;
}

/* Only the plain personality exists, with or without random addresses. */
int64_t linux_sys_personality(const uint64_t a[6])
{
	struct ps_thread *t = ps_current_thread();
	uint32_t wanted = (uint32_t)a[0], old = t->persona;

	if (wanted == PERSONALITY_QUERY)
		return old;
	if (wanted & ~(uint32_t)ADDR_NO_RANDOMIZE)
		return -EINVAL;
	t->persona = wanted;
	return old;
}

int64_t linux_sys_arch_prctl(const uint64_t a[6])
{
	uint64_t value;

	switch ((int)a[0]) {
	case ARCH_SET_FS:
		if (a[1] >= USER_TOP)
			return -EPERM;
		wrfsbase(a[1]);
		return 0;
	case ARCH_SET_GS:
		if (a[1] >= USER_TOP)
			return -EPERM;
		wrmsr(MSR_KERNEL_GS_BASE, a[1]);
		return 0;
	case ARCH_GET_FS:
		value = rdfsbase();
		break;
	case ARCH_GET_GS:
		value = rdmsr(MSR_KERNEL_GS_BASE);
		break;
	default:
		return -EINVAL;
	}
	return copy_to_user(user_ptr(a[1]), &value, sizeof(value)) ? -EFAULT : 0;
}

/* reboot(2): pid 1 ends the machine, as it would for busybox's own applets. */
int64_t linux_sys_reboot(const uint64_t a[6])
{
	struct process *init;
	int sig;

	if (!ps_capable(CAP_SYS_BOOT))
		return -EPERM;
	if ((uint32_t)a[0] != LINUX_REBOOT_MAGIC1 ||
	    ((uint32_t)a[1] != LINUX_REBOOT_MAGIC2 && (uint32_t)a[1] != LINUX_REBOOT_MAGIC2A &&
	     (uint32_t)a[1] != LINUX_REBOOT_MAGIC2B && (uint32_t)a[1] != LINUX_REBOOT_MAGIC2C))
		return -EINVAL;
	switch ((uint32_t)a[2]) {
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		return 0;	/* there is no Ctrl-Alt-Del to turn on or off */
	case LINUX_REBOOT_CMD_POWER_OFF:
		sig = SIGUSR2;
		break;
	case LINUX_REBOOT_CMD_HALT:
		sig = SIGUSR1;
		break;
	case LINUX_REBOOT_CMD_RESTART:
		sig = SIGTERM;
		break;
	default:
		return -EINVAL;
	}
	init = ps_find(1);
	if (!init)
		return -ESRCH;
	signal_send_process(init, sig, NULL);
	ps_put(init);
	return 0;
}
