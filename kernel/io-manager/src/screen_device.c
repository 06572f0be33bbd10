/* kernel/io-manager/src/screen_device.c: /dev/fb0, the firmware's framebuffer in the one mode it left
 * (Linux Documentation/fb/api.rst). Opened for writing it is the program's: the log shows there no more. */
#include <asm/fcntl.h>
#include <errno.h>

#include <hal/boot_info.h>
#include <linux/fb.h>
#include <mm/object.h>
#include <mm/usercopy.h>
#include <string.h>

#include "device.h"
#include "screen.h"

#define CHUNK_BYTES 512u

static uint64_t screen_bytes(void)
{
	return (uint64_t)boot_info.framebuffer.pitch * boot_info.framebuffer.height;
}

static uint8_t *pixels_at(uint64_t offset)
{
	return (uint8_t __force *)screen_memory() + offset;
}

static int64_t screen_read(struct io_request *rq)
{
	uint64_t total = screen_bytes(), at = rq->offset;
	uint8_t chunk[CHUNK_BYTES];
	int err = 0;

	while (rq->vector.left && at < total) {
		size_t want = MIN(MIN(sizeof(chunk), rq->vector.left), total - at), n;

		memcpy(chunk, pixels_at(at), want);
		n = io_copy_to(&rq->vector, chunk, want, &err);
		at += n;
		if (n < want)
			break;
	}
	return at > rq->offset ? (int64_t)(at - rq->offset) : err;
}

static int64_t screen_write(struct io_request *rq)
{
	uint64_t total = screen_bytes(), at = rq->offset;
	uint8_t chunk[CHUNK_BYTES];
	int err = 0;

	if (at > total)
		return -EFBIG;
	while (rq->vector.left && at < total) {
		size_t want = MIN(MIN(sizeof(chunk), rq->vector.left), total - at);
		size_t n = io_copy_from(&rq->vector, chunk, want, &err);

		memcpy(pixels_at(at), chunk, n);
		at += n;
		if (n < want)
			break;
	}
	if (at > rq->offset)
		return (int64_t)(at - rq->offset);
	return err ? err : rq->vector.left ? -ENOSPC : 0;
}

static void fill_mode(struct fb_var_screeninfo *v)
{
	const struct boot_framebuffer *fb = &boot_info.framebuffer;

	*v = (struct fb_var_screeninfo){
		.xres = fb->width, .yres = fb->height, .xres_virtual = fb->width, .yres_virtual = fb->height,
		.bits_per_pixel = 32, .height = ~0u, .width = ~0u, .vmode = FB_VMODE_NONINTERLACED,
		.red = { .offset = fb->red_shift, .length = 8 }, .green = { .offset = fb->green_shift, .length = 8 },
		.blue = { .offset = fb->blue_shift, .length = 8 },
	};
}

static void fill_memory(struct fb_fix_screeninfo *f)
{
	const struct boot_framebuffer *fb = &boot_info.framebuffer;

	*f = (struct fb_fix_screeninfo){
		.id = "EFI VGA", .smem_start = fb->phys, .smem_len = (uint32_t)screen_bytes(), .type = FB_TYPE_PACKED_PIXELS,
		.visual = FB_VISUAL_TRUECOLOR, .line_length = fb->pitch, .accel = FB_ACCEL_NONE,
	};
}

/* There is one mode: to ask for its size is fine, for another is not. */
static int64_t set_mode(uint64_t arg, bool is_pan)
{
	struct fb_var_screeninfo wanted, mode;

	fill_mode(&mode);
	if (copy_from_user(&wanted, (const void __user *)arg, sizeof(wanted)))
		return -EFAULT;
	if (wanted.xoffset || wanted.yoffset)
		return -EINVAL;
	if (!is_pan && (wanted.xres != mode.xres || wanted.yres != mode.yres || wanted.bits_per_pixel != mode.bits_per_pixel))
		return -EINVAL;
	return copy_to_user((void __user *)arg, &mode, sizeof(mode));
}

static int64_t screen_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
	struct fb_var_screeninfo mode;
	struct fb_fix_screeninfo memory;

	switch (cmd) {
	case FBIOGET_VSCREENINFO:
		fill_mode(&mode);
		return copy_to_user((void __user *)arg, &mode, sizeof(mode));
	case FBIOGET_FSCREENINFO:
		fill_memory(&memory);
		return copy_to_user((void __user *)arg, &memory, sizeof(memory));
	case FBIOPUT_VSCREENINFO:
		return set_mode(arg, false);
	case FBIOPAN_DISPLAY:
		return set_mode(arg, true);
	default:
		return -ENOTTY;
	}
}

static int screen_map(struct file *f, uint32_t prot, bool shared, struct mm_object **out)
{
	return mm_object_create_framebuffer(out);
}

static const struct file_ops screen_ops = {
	.name = "fb", .read = screen_read, .write = screen_write, .ioctl = screen_ioctl, .seek = device_seek,
	.map = screen_map,
};

int screen_device_open(uint32_t minor, uint32_t flags, struct file **out)
{
	bool is_writer = (flags & O_ACCMODE) != O_RDONLY;

	if (minor || !screen_memory() || (is_writer && !screen_take()))
		return -ENXIO;
	return file_create(&screen_ops, flags, NULL, out);
}
