@echo off
echo in %~n0 with [%1] [%~1] and [%2]
exit /B 3
