/* kernel/compat/src/nt/folder_watch.h: who waits for changes in a folder. */
#ifndef COMPAT_NT_FOLDER_WATCH_H
#define COMPAT_NT_FOLDER_WATCH_H

struct nt_folder_watch;

void nt_folder_watches_init(void);
/* An open folder goes: its requests end with STATUS_NOTIFY_CLEANUP. NULL is fine. Context: process, may sleep. */
void nt_folder_watch_end(struct nt_folder_watch *w);

#endif
