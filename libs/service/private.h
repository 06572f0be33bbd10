/* libs/service: what its files share. */
#ifndef SERVICE_PRIVATE_H
#define SERVICE_PRIVATE_H

/* Every later log line starts with @name, which stays valid. */
void service_log_name(const char *name);

#endif
