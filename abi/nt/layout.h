/* nt/layout.h: where x64 Windows keeps what both the kernel and user mode look at.
 *
 * Offsets and sizes in bytes of the TEB, the PEB, the process parameters, KUSER_SHARED_DATA, CONTEXT and
 * EXCEPTION_RECORD (winnt.h of mingw-w64; checked against the types in ntdll.dll's debug sections).
 */
#ifndef NT_LAYOUT_H
#define NT_LAYOUT_H

#include <stdint.h>

/* ---- TEB ---- */
#define TEB_EXCEPTION_LIST 0x00
#define TEB_STACK_BASE 0x08
#define TEB_STACK_LIMIT 0x10
#define TEB_SELF 0x30
#define TEB_PROCESS_ID 0x40
#define TEB_THREAD_ID 0x48
#define TEB_PEB 0x60
#define TEB_LAST_ERROR 0x68
#define TEB_CURRENT_LOCALE 0x108
#define TEB_ACTIVATION_STACK 0x290		/* ACTIVATION_CONTEXT_STACK itself */
#define TEB_ACTIVATION_STACK_LIST 0x298		/* its FrameListCache */
#define TEB_EXCEPTION_CODE 0x2c0
#define TEB_ACTIVATION_STACK_POINTER 0x2c8
#define TEB_REAL_PROCESS_ID 0x7d8
#define TEB_REAL_THREAD_ID 0x7e0
#define TEB_STATIC_STRING 0x1258		/* UNICODE_STRING over the buffer behind it */
#define TEB_STATIC_BUFFER 0x1268
#define TEB_STATIC_BUFFER_BYTES 522
#define TEB_DEALLOCATION_STACK 0x1478
#define TEB_TLS_LINKS 0x1680			/* LIST_ENTRY */
#define TEB_GUARANTEED_STACK_BYTES 0x1748
#define TEB_BYTES 0x2000
#define TEB_ROOM 0x10000			/* libwine's ntdll.dll keeps text of its own at 3000h */

/* ---- PEB ---- */
#define PEB_BEING_DEBUGGED 0x02
#define PEB_MUTANT 0x08
#define PEB_IMAGE_BASE 0x10
#define PEB_PARAMETERS 0x20
#define PEB_API_SET_MAP 0x68
#define PEB_PROCESSORS 0xb8
#define PEB_CRITICAL_SECTION_TIMEOUT 0xc0
#define PEB_HEAP_SEGMENT_RESERVE 0xc8
#define PEB_HEAP_SEGMENT_COMMIT 0xd0
#define PEB_HEAP_TOTAL_FREE 0xd8
#define PEB_HEAP_BLOCK_FREE 0xe0
#define PEB_OS_MAJOR 0x118
#define PEB_OS_MINOR 0x11c
#define PEB_OS_BUILD 0x120
#define PEB_OS_PLATFORM 0x124
#define PEB_SUBSYSTEM 0x128
#define PEB_SUBSYSTEM_MAJOR 0x12c
#define PEB_SUBSYSTEM_MINOR 0x130
#define PEB_AFFINITY 0x134
#define PEB_SESSION_ID 0x2c0
#define PEB_BYTES 0x1000
#define PEB_ROOM 0x10000			/* libwine's ntdll.dll looks for a table of its own two pages on */
#define PEB_DEBUG_CHANNELS 0x2000		/* flags, then a name of 15 bytes; no name: of all others */
#define DEBUG_CHANNEL_ERRORS 3			/* "fixme" and "err" */

/* ---- RTL_USER_PROCESS_PARAMETERS ---- */
#define PARAMS_ALLOCATION_SIZE 0x00
#define PARAMS_SIZE 0x04
#define PARAMS_FLAGS 0x08
#define PARAMS_CONSOLE 0x10
#define PARAMS_CONSOLE_FLAGS 0x18
#define PARAMS_STDIN 0x20
#define PARAMS_STDOUT 0x28
#define PARAMS_STDERR 0x30
#define PARAMS_CURRENT_DIRECTORY 0x38		/* UNICODE_STRING, then its handle */
#define PARAMS_CURRENT_DIRECTORY_HANDLE 0x48
#define PARAMS_DLL_PATH 0x50
#define PARAMS_IMAGE_PATH 0x60
#define PARAMS_COMMAND_LINE 0x70
#define PARAMS_ENVIRONMENT 0x80
#define PARAMS_X 0x88				/* the window's place, size and look */
#define PARAMS_SHOW_FLAGS 0xa4
#define PARAMS_WINDOW_TITLE 0xb0
#define PARAMS_DESKTOP 0xc0
#define PARAMS_SHELL_INFO 0xd0
#define PARAMS_RUNTIME_INFO 0xe0
#define PARAMS_ENVIRONMENT_SIZE 0x3f0
#define PARAMS_PROCESS_GROUP 0x408
#define PARAMS_BYTES 0x410
#define PARAMS_NORMALIZED 1u			/* its pointers are addresses, not offsets */

/* ---- KUSER_SHARED_DATA ---- */
#define KUSER_ADDRESS 0x7ffe0000ull
#define KUSER_TICK_MULTIPLIER 0x004
#define KUSER_INTERRUPT_TIME 0x008		/* KSYSTEM_TIME: low, high, high again */
#define KUSER_SYSTEM_TIME 0x014
#define KUSER_IMAGE_LOW 0x02c
#define KUSER_IMAGE_HIGH 0x02e
#define KUSER_SYSTEM_ROOT 0x030
#define KUSER_LARGE_PAGE_MINIMUM 0x244
#define KUSER_BUILD 0x260
#define KUSER_PRODUCT_TYPE 0x264
#define KUSER_PRODUCT_TYPE_VALID 0x268
#define KUSER_ARCHITECTURE 0x26a
#define KUSER_MAJOR 0x26c
#define KUSER_MINOR 0x270
#define KUSER_FEATURES 0x274
#define KUSER_SUITE_MASK 0x2d0
#define KUSER_PHYSICAL_PAGES 0x2e8
#define KUSER_QPC_FREQUENCY 0x300
#define KUSER_SYSTEM_CALL 0x308			/* 0: the syscall instruction */
#define KUSER_TICK_COUNT 0x320
#define KUSER_ACTIVE_PROCESSORS 0x3c0

/* ---- CONTEXT ---- */
#define CONTEXT_AMD64 0x100000u
#define CONTEXT_CONTROL (CONTEXT_AMD64 | 1)
#define CONTEXT_INTEGER (CONTEXT_AMD64 | 2)
#define CONTEXT_SEGMENTS (CONTEXT_AMD64 | 4)
#define CONTEXT_FLOATING_POINT (CONTEXT_AMD64 | 8)
#define CONTEXT_DEBUG_REGISTERS (CONTEXT_AMD64 | 16)
#define CONTEXT_FULL (CONTEXT_CONTROL | CONTEXT_INTEGER | CONTEXT_FLOATING_POINT)
#define CONTEXT_ALL (CONTEXT_FULL | CONTEXT_SEGMENTS | CONTEXT_DEBUG_REGISTERS)

struct nt_context {
	uint64_t home[6];
	uint32_t flags, mxcsr;
	uint16_t cs, ds, es, fs, gs, ss;
	uint32_t eflags;
	uint64_t dr[6];				/* Dr0 to 3, 6, 7 */
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, rip;
	uint8_t fxsave[512];			/* FltSave: as FXSAVE64 writes it */
	uint8_t vector[26 * 16];
	uint64_t vector_control, debug_control, last_branch_to, last_branch_from, last_exception_to, last_exception_from;
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct nt_context) == 0x4d0, "as winnt.h has it");
_Static_assert(__builtin_offsetof(struct nt_context, rip) == 0xf8, "as winnt.h has it");

#define EXCEPTION_MAXIMUM_PARAMETERS 15
struct nt_exception_record {
	uint32_t code, flags;
	uint64_t next, address;
	uint32_t nparameters, pad;
	uint64_t parameters[EXCEPTION_MAXIMUM_PARAMETERS];
};
_Static_assert(sizeof(struct nt_exception_record) == 0x98, "as winnt.h has it");

/* ---- small ones ---- */
struct nt_unicode_string { uint16_t bytes, max_bytes; uint32_t pad; uint64_t buffer; };
struct nt_object_attributes {
	uint32_t length, pad;
	uint64_t root, name;
	uint32_t attributes, pad2;
	uint64_t security_descriptor, security_qos;
};
struct nt_io_status { uint64_t status; uint64_t information; };	/* status: the low 32 bits */
struct nt_client_id { uint64_t process, thread; };

/* The version we are: Windows 10, 22H2. */
#define NT_MAJOR 10
#define NT_MINOR 0
#define NT_BUILD 19045
#define NT_CODE_SELECTOR 0x33
#define NT_DATA_SELECTOR 0x2b
#define NT_TEB_SELECTOR 0x53

#endif
