/* abi/include/albireo/exec_request.h: what ./x exec tells the machine, and what it hears back.
 *
 * Request: fw_cfg file EXEC_REQUEST_FILE, a run of NUL-terminated strings.
 * The first is EXEC_REQUEST_MAGIC, the second the version in decimal; each
 * further one is "key=value". A key may repeat where the table says so; an
 * unknown key is refused, so that an old machine never half-obeys a new host.
 *
 *   arg=S        argv element, in order, at least one; arg 0 is PROGRAM as typed
 *   env=K=V      environment element, in order
 *   cwd=PATH     absolute working folder
 *   uid=N gid=N  ids of the program; groups=N,N,… the supplementary ones
 *   umask=OCT
 *   id=HEX       names this run: unlinked files that are still open go to
 *                ".albireo-HEX" at their export's top, which the host removes
 *   time=S.NS    CLOCK_REALTIME when the host wrote the request, nine digits of NS
 *   host=NAME    the caller's host, whose name uname(2) tells; without it the machine has its own
 *   tty=0|1      1: one terminal on port "albireo.tty"; rows=N cols=N its size
 *   mount=TAG:ro|rw:DST   a virtio-9p export and where it is mounted, in order;
 *                         DST "/" is the host's root; DST may hold ':'
 *   mode=exec|run         run: an interactive machine, PROGRAM is its shell. Without a mount of "/" its root is
 *                         the system volume, if a disk has one; with tty=1 logins then take PROGRAM's place
 *   strace=1     each call of the program is one debug-console line "strace: TEXT";
 *                the host copies TEXT to the user's stderr
 *   home=tmpfs   mount a tmpfs on /root
 *
 * Control port "albireo.control": lines of ASCII words, each ended by '\n'.
 * Host to machine:
 *   winsize ROWS COLS    the terminal changed size
 *   signal N             forward signal N to the program's process group
 *   eof BYTES            standard input ended after BYTES bytes in all
 *   closed stdout|stderr nobody reads that stream any more
 *   ack                  the end record was taken; the host ends the machine
 * Machine to host:
 *   ready                the launcher runs
 *   note TEXT            one line for the user's stderr
 *   exit code N OUT ERR  the program ended with 32-bit status N
 *   exit signal N OUT ERR   … was killed by signal N
 *   exit refused N OUT ERR TEXT  it could not be started; N is 126 or 127
 *   exit poweroff 0 OUT ERR / exit reboot 0 OUT ERR   the machine was told to stop
 * OUT and ERR count the bytes that the machine wrote to stdout (or the tty) and
 * stderr; the host reads until it has them, so nothing is lost.
 *
 * Streams: ports "albireo.stdin", "albireo.stdout", "albireo.stderr" carry bytes only.
 * With tty=1 there are no stdin and stdout ports, and a stderr port only when the
 * user's standard error is not that terminal.
 */
#ifndef ALBIREO_EXEC_REQUEST_H
#define ALBIREO_EXEC_REQUEST_H

#define EXEC_REQUEST_FILE "opt/albireo/exec"
#define EXEC_REQUEST_MAGIC "albireo-exec"
#define EXEC_REQUEST_VERSION 1
#define EXEC_REQUEST_MAX_BYTES (4u << 20)

#define EXEC_FAULT_FILE "opt/albireo/fault-injection"	/* rules, one a line */
#define EXEC_MEASURE_FILE "opt/albireo/measure"		/* there: count what user mode takes */
#define EXEC_IDLE_FILE "opt/albireo/idle"		/* "spin": halting skips time; see kernel/sched/src/idle.c */
#define EXEC_LOG_FILE "opt/albireo/log"			/* CATEGORY=LEVEL lines over the built-in thresholds */

#define EXEC_PORT_CONTROL "albireo.control"
#define EXEC_PORT_STDIN "albireo.stdin"
#define EXEC_PORT_STDOUT "albireo.stdout"
#define EXEC_PORT_STDERR "albireo.stderr"
#define EXEC_PORT_TTY "albireo.tty"

#endif
