@echo off
setlocal
rem Loops, pipes, redirection, calls and error levels, each with its result on a line.
set total=0
for /L %%i in (1,1,10) do set /a total=total+%%i >nul
echo total %total%
for %%f in (notes\*.txt) do echo file %%~nf%%~xf
for /F "skip=1 tokens=1,3 delims=;" %%a in (notes\prices.csv) do echo %%a costs %%b
for /D %%d in (notes\*) do echo folder %%d
set word=conformance
echo %word:~0,4%-%word:~-4%
echo %word:form=FORM%
if "%word%"=="conformance" (echo equal) else (echo different)
if not exist notes\none.txt echo none.txt is missing
if exist notes\pears.txt echo pears.txt is there
if 7 LSS 10 echo seven is less
type notes\numbers.txt > copied.txt
echo one more>> copied.txt
type copied.txt
echo first line> words.txt
(echo second line
echo third line)>> words.txt
type words.txt | find "line"
type notes\pears.txt | find "are" | find "r"
echo to nobody > nul
dir /B notes
type notes\none.txt 2> nul
echo after a failing type %errorlevel%
call :double 21
echo doubled %result%
call :nested one two three
call sub.cmd "an argument" plain
echo sub.cmd gave %errorlevel%
cmd /c exit 7
echo exit gave %errorlevel%
if errorlevel 7 if not errorlevel 8 echo exactly seven
cmd /c exit 0 && echo and
cmd /c exit 1 || echo or
set counter=3
:again
echo countdown %counter%
set /a counter-=1 >nul
if %counter% GTR 0 goto again
md made\inner
cd made\inner
echo here> here.txt
cd ..\..
copy made\inner\here.txt there.txt >nul
ren there.txt renamed.txt
move renamed.txt made >nul
dir /B made | find "txt"
del made\renamed.txt
rd /S /Q made
if not exist made echo made is gone
set /p answer=<notes\prices.csv
echo answer %answer%
pushd notes\deep
for %%f in ("with space.txt") do type %%f
popd
endlocal & set word=
if not defined word echo word ended with endlocal
exit /B 42

:double
set /a result=%1*2 >nul
goto :eof

:nested
if "%1"=="" goto :eof
echo argument %1
shift
goto nested
