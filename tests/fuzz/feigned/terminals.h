/* tests/fuzz/feigned/terminals.h: included before sources of sessiond: its devices, terminals and programs are the target's. */
#ifndef FEIGNED_TERMINALS_H
#define FEIGNED_TERMINALS_H

#include "renames.h"

#define open feigned_open
#define read feigned_read
#define write feigned_write
#define close feigned_close
#define ioctl feigned_ioctl
#define mmap feigned_mmap
#define fstat feigned_fstat
#define posix_openpt feigned_posix_openpt
#define grantpt feigned_grantpt
#define unlockpt feigned_unlockpt
#define ptsname_r feigned_ptsname_r
#define tcgetattr feigned_tcgetattr
#define tcsetattr feigned_tcsetattr
#define inotify_init1 feigned_inotify_init1
#define inotify_add_watch feigned_inotify_add_watch
#define opendir feigned_opendir
#define readdir feigned_readdir
#define closedir feigned_closedir
#define fork feigned_fork
#define waitpid feigned_waitpid
#define kill feigned_kill
#define ppoll feigned_ppoll
#define sigaction feigned_sigaction
#define sigprocmask feigned_sigprocmask
#define signal feigned_signal
#define fprintf feigned_fprintf
#define font_parse feigned_font_parse
#define screen_create feigned_screen_create

#endif
