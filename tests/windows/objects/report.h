/* objects/report.h: how the programs of this folder say what happened.
 *
 * A line says what was done and what came of it; nothing in it may depend on time,
 * chance, place or the number of a handle. Status and error codes are printed as numbers:
 * they are the interface.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include <windows.h>
#include <winternl.h>

#ifndef STATUS_SUCCESS
#define STATUS_SUCCESS ((NTSTATUS)0)
#endif

/* Long enough for what must come, short enough for what must not. */
#define SOON_MS 20000u
#define SHORT_MS 20u

/* Print "WHAT: ok" or "WHAT: error N" by GetLastError(). Returns @ok. */
bool report_bool(const char *what, BOOL ok);

/* The same for a handle; NULL and INVALID_HANDLE_VALUE are failures. Returns it. */
HANDLE report_handle(const char *what, HANDLE handle);

/* Print "WHAT: 0xSTATUS", or "WHAT: invalid parameter" for any of the statuses that say so:
 * Windows tells which parameter, Wine mostly does not. Returns it. */
NTSTATUS report_status(const char *what, NTSTATUS status);

/* Print what WaitForSingleObject and its kin return, by name. */
DWORD report_wait(const char *what, DWORD result);

/* Print "WHAT: " and the text. */
void report(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Start a thread; it must work. */
HANDLE start_thread(LPTHREAD_START_ROUTINE run, void *arg);

/* Wait for a thread's end, close it; returns its exit code. */
DWORD join_thread(HANDLE thread);

/* A thread says that its next call is a wait. */
void about_to_wait(void);

/* Until @count threads have said so since the last time, and a moment more: that a thread is
 * in its wait cannot be asked. A result must hold either way, or that moment must do. */
void let_threads_wait(LONG count);

/* A counted string for the Nt* calls; @text must outlive it. */
UNICODE_STRING counted(const wchar_t *text);

/* Attributes that name @name in @root (either may be NULL); @name must outlive them. */
OBJECT_ATTRIBUTES named(UNICODE_STRING *name, HANDLE root, ULONG attributes);

#endif
