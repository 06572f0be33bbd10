#define _GNU_SOURCE	/* O_CLOEXEC */
#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sessiond.h"

#define MAX_SIDE 16384
#define MAX_FONT_BYTES (4 << 20)
#define PIXEL_BITS 32

/* Ask the device for its geometry. */
static int ask_device(int fd, struct framebuffer *framebuffer)
{
	struct fb_var_screeninfo var;
	struct fb_fix_screeninfo fix;

	if (ioctl(fd, FBIOGET_VSCREENINFO, &var) || ioctl(fd, FBIOGET_FSCREENINFO, &fix))
		return -errno;
	if (var.bits_per_pixel != PIXEL_BITS)
		return -ENOTSUP;
	framebuffer->width = var.xres;
	framebuffer->height = var.yres;
	framebuffer->stride = fix.line_length;
	return 0;
}

static int make_file(int fd, struct framebuffer *framebuffer, unsigned int width, unsigned int height)
{
	framebuffer->width = width;
	framebuffer->height = height;
	framebuffer->stride = (size_t)width * sizeof(uint32_t);
	return ftruncate(fd, (off_t)(framebuffer->stride * height)) ? -errno : 0;
}

static bool is_usable(const struct framebuffer *framebuffer)
{
	return framebuffer->width && framebuffer->height && framebuffer->width <= MAX_SIDE &&
	       framebuffer->height <= MAX_SIDE && framebuffer->stride >= framebuffer->width * sizeof(uint32_t) &&
	       framebuffer->stride % sizeof(uint32_t) == 0;
}

int display_open(struct display *display, const char *path, unsigned int width, unsigned int height)
{
	struct framebuffer *framebuffer = &display->framebuffer;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *pixels;
	int err;

	if (fd < 0)
		return -errno;
	err = width ? make_file(fd, framebuffer, width, height) : ask_device(fd, framebuffer);
	if (!err && !is_usable(framebuffer))
		err = -EINVAL;
	if (!err) {
		pixels = mmap(NULL, framebuffer->stride * framebuffer->height, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (pixels == MAP_FAILED)
			err = -errno;
		else
			framebuffer->pixels = pixels;
	}
	close(fd);
	return err;
}

int display_load_font(struct display *display, const char *path)
{
	struct stat stat;
	uint8_t *bytes = NULL;
	ssize_t len = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &stat) && stat.st_size > 0 && stat.st_size <= MAX_FONT_BYTES)
		bytes = malloc((size_t)stat.st_size);
	if (bytes)
		len = read(fd, bytes, (size_t)stat.st_size);
	close(fd);
	err = len < 0 ? -EINVAL : font_parse(bytes, (size_t)len, &display->font);
	/* The glyphs stay where they were read to. */
	if (err)
		free(bytes);
	return err;
}
