/* kernel/io-manager/include/io/port.h: byte ports to the host, as files and for terminals.
 *
 * Ports are found by the name that the host gave them. Process context.
 */
#ifndef IO_PORT_H
#define IO_PORT_H

#include <driver/api.h>
#include <io/file.h>

struct io_port;

/* Character device numbers of the exec ports: PORT_MAJOR, minor = index in this list. */
#define PORT_MAJOR 240
enum { PORT_MINOR_CONTROL, PORT_MINOR_STDIN, PORT_MINOR_STDOUT, PORT_MINOR_STDERR, PORT_MINOR_TTY };

struct io_port *port_find(const char *name);	/* NULL: no such port */
/* A file on the port; -ENXIO when the host has not made it. */
int port_open(uint32_t minor, uint32_t flags, struct file **out);

/* What a terminal needs: bytes in kernel memory, never sleeping for readiness. */
size_t port_read_now(struct io_port *p, void *buf, size_t n);		/* 0: nothing there */
size_t port_write_now(struct io_port *p, const void *buf, size_t n);	/* 0: no room */
struct wait_queue *port_wait_queue(struct io_port *p);	/* IO_POLLIN, IO_POLLOUT */
bool port_has_input(struct io_port *p);
bool port_has_room(struct io_port *p);

/* LAUNCH_BROKER's. 0 or -ENODEV. */
int port_set_eof(const char *name, uint64_t bytes);	/* reads give 0 after this many in all */
int port_set_broken(const char *name);			/* writes give -EPIPE */
/* Bytes written so far, after every one has reached the host. */
int port_drain(const char *name, uint64_t *bytes);

#endif
