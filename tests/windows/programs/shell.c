/* Other programs: spawn, system, popen. */
#include <errno.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	char line[128];
	FILE *pipe;

	if (argc > 1) {
		printf("child: [%s] [%s]\n", argv[1], argc > 2 ? argv[2] : "");
		return argc;
	}
	setvbuf(stdout, NULL, _IONBF, 0);
	printf("spawn: %d\n", (int)_spawnl(_P_WAIT, argv[0], "child", "one", NULL));
	printf("spawn with blanks: %d\n", (int)_spawnl(_P_WAIT, argv[0], "child", "\"one two\"", "three", NULL));
	printf("spawn none: %d errno %d\n", (int)_spawnl(_P_WAIT, "none.exe", "none", NULL), errno);
	printf("a shell: %d\n", system(NULL));
	printf("exit code: %d\n", system("exit 7"));
	printf("echo: %d\n", system("echo from the shell"));
	printf("not there: %d\n", system("none-such-program 2>nul"));
	pipe = _popen("echo one& echo two", "r");
	while (fgets(line, sizeof(line), pipe)) {
		line[strcspn(line, "\r\n")] = '\0';
		printf("popen: [%s]\n", line);
	}
	printf("closed: %d\n", _pclose(pipe));
	putenv("ALBIREO_VALUE=through the environment");
	printf("variable: %d\n", system("echo %ALBIREO_VALUE%"));
	printf("files: %d\n", system("echo text> shell.tmp& type shell.tmp& del shell.tmp& if exist shell.tmp echo still there"));
	return 0;
}
