/* What a program does with a console: modes, size, a line, keys, text of any script, and CONOUT$ besides its output. */
#include <stdio.h>
#include <windows.h>

static HANDLE in, out, screen;

static void say(const wchar_t *text)
{
	DWORD done;

	if (!WriteConsoleW(screen, text, (DWORD)wcslen(text), &done, NULL) || done != wcslen(text))
		ExitProcess(90);
}

static void show_modes(void)
{
	CONSOLE_SCREEN_BUFFER_INFO info;
	DWORD input = 0, output = 0;
	wchar_t text[100];

	GetConsoleMode(in, &input);
	GetConsoleMode(screen, &output);
	GetConsoleScreenBufferInfo(screen, &info);
	swprintf(text, 100, L"modes %lx %lx, page %u, size %dx%d\r\n", input, output, GetConsoleOutputCP(), info.dwSize.X,
		 info.dwSize.Y);
	say(text);
}

static void read_line(void)
{
	wchar_t line[100], text[200];
	DWORD n = 0, rest = 0;

	say(L"line? ");
	if (!ReadConsoleW(in, line, 4, &n, NULL) || !ReadConsoleW(in, line + n, 50, &rest, NULL))
		ExitProcess(91);
	n += rest;
	swprintf(text, 200, L"%lu units, the last is %u: %.*ls\n", n, line[n - 1], (int)n - 2, line);
	say(text);
}

static void read_keys(void)
{
	INPUT_RECORD record;
	wchar_t text[100];
	DWORD n, mode = 0, down = 0;

	GetConsoleMode(in, &mode);
	SetConsoleMode(in, ENABLE_PROCESSED_INPUT);
	say(L"keys? ");
	while (down < 3 && ReadConsoleInputW(in, &record, 1, &n)) {
		if (record.EventType != KEY_EVENT || !record.Event.KeyEvent.bKeyDown)
			continue;
		swprintf(text, 100, L"<%x %x>", record.Event.KeyEvent.wVirtualKeyCode, record.Event.KeyEvent.uChar.UnicodeChar);
		say(text);
		down++;
	}
	SetConsoleMode(in, mode);
	say(L"\n");
}

int main(void)
{
	char bytes[20];
	DWORD n = 0;

	in = GetStdHandle(STD_INPUT_HANDLE);
	out = GetStdHandle(STD_OUTPUT_HANDLE);
	screen = CreateFileW(L"CONOUT$", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0,
			     NULL);
	show_modes();
	read_line();
	read_keys();
	say(L"bytes? ");
	ReadFile(in, bytes, sizeof(bytes), &n, NULL);
	printf("to the file: %lu bytes, type %lu\n", n, GetFileType(out));
	say(L"\x2203 all\r\n");
	return GetConsoleMode(out, &n) ? 1 : GetLastError() == ERROR_INVALID_HANDLE ? 0 : 2;
}
