/* services/devmgrd/test/test_names.c: a kernel of arrays. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "kernel.h"
#include "names.h"

#define MAX_DEVICES 8

static struct device_info devices[MAX_DEVICES], arriving;
static uint32_t ndevices, nnames, nloads;
static char names[MAX_DEVICES][32];
static uint32_t modes[MAX_DEVICES], gids[MAX_DEVICES];
static int load_error;

int kernel_list(uint32_t index, struct device_info *out)
{
	if (index >= ndevices)
		return -ENOENT;
	*out = devices[index];
	return 0;
}

int kernel_forget(const struct device_info *info)
{
	for (uint32_t i = 0; i < ndevices; i++) {
		if (devices[i].kind != info->kind || devices[i].number != info->number)
			continue;
		memmove(&devices[i], &devices[i + 1], (--ndevices - i) * sizeof(devices[0]));
		return 0;
	}
	return -ENODEV;
}

int kernel_load_drivers(void)
{
	nloads++;
	if (arriving.kind)
		devices[ndevices++] = arriving;
	arriving.kind = 0;
	return load_error;
}

static int find(const char *name)
{
	for (uint32_t i = 0; i < nnames; i++) {
		if (!strcmp(names[i], name))
			return (int)i;
	}
	return -1;
}

int kernel_publish(const char *name, uint32_t mode, uint32_t gid, const struct device_info *info)
{
	if (find(name) >= 0)
		return -EEXIST;
	strcpy(names[nnames], name);
	modes[nnames] = mode;
	gids[nnames++] = gid;
	return 0;
}

int kernel_unpublish(const char *name)
{
	int i = find(name);

	if (i < 0)
		return -ENOENT;
	memmove(names[i], names[--nnames], sizeof(names[0]));
	return 0;
}

void kernel_log(const char *fmt, ...)
{
}

static int new_machine(void **state)
{
	ndevices = nnames = nloads = 0;
	arriving.kind = 0;
	load_error = 0;
	return 0;
}

static void add(uint32_t kind, uint32_t number, uint32_t flags)
{
	devices[ndevices++] = (struct device_info){ kind, number, 13, 64 + number, flags };
}

static void devices_that_are_there_get_names(void **state)
{
	add(DEVICE_INPUT, 1, 0);
	add(DEVICE_SCREEN, 0, 0);
	add(DEVICE_SERIAL, 0, 0);
	names_update();
	assert_int_equal(nnames, 3);
	assert_true(find("input/event1") >= 0 && find("ttyS0") >= 0);
	assert_int_equal(modes[find("fb0")], 0660);
	assert_int_equal(gids[find("fb0")], 44);
}

static void a_device_that_a_new_driver_brings_gets_its_name_at_once(void **state)
{
	arriving = (struct device_info){ DEVICE_INPUT, 0, 13, 64, 0 };
	names_update();
	assert_int_equal(nloads, 1);
	assert_true(find("input/event0") >= 0);
}

static void a_device_that_is_gone_loses_its_name_to_the_next(void **state)
{
	add(DEVICE_INPUT, 0, 0);
	names_update();
	devices[0].flags = DEVICE_GONE;
	arriving = (struct device_info){ DEVICE_INPUT, 0, 13, 64, 0 };
	names_update();
	assert_int_equal(ndevices, 1);
	assert_true(find("input/event0") >= 0);
	devices[0].flags = DEVICE_GONE;
	names_update();
	assert_int_equal(ndevices, 0);
	assert_int_equal(nnames, 0);
}

static void names_that_a_predecessor_published_stay(void **state)
{
	add(DEVICE_SCREEN, 0, 0);
	names_update();
	names_update();
	assert_int_equal(nnames, 1);
}

static void devices_get_names_when_drivers_cannot_be_loaded(void **state)
{
	add(DEVICE_SERIAL, 0, 0);
	load_error = -EPIPE;
	names_update();
	assert_true(find("ttyS0") >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(devices_that_are_there_get_names, new_machine),
		cmocka_unit_test_setup(a_device_that_a_new_driver_brings_gets_its_name_at_once, new_machine),
		cmocka_unit_test_setup(a_device_that_is_gone_loses_its_name_to_the_next, new_machine),
		cmocka_unit_test_setup(names_that_a_predecessor_published_stay, new_machine),
		cmocka_unit_test_setup(devices_get_names_when_drivers_cannot_be_loaded, new_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
