/* abi/include/albireo/version.h: which Linux the system says it is, by uname(2) and in /proc. */
#ifndef ALBIREO_VERSION_H
#define ALBIREO_VERSION_H

#define LINUX_RELEASE "6.1.0-albireo"
#define LINUX_VERSION "#1 SMP Albireo"

#endif
