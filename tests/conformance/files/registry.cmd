@echo off
set key=HKCU\Software\AlbireoConformance
reg.exe add %key% /v Name /d text /f
reg.exe add %key% /v Count /t REG_DWORD /d 17 /f
reg.exe add %key% /v Bytes /t REG_BINARY /d 00ff10 /f
reg.exe add %key% /v Lines /t REG_MULTI_SZ /d one\0two /f
reg.exe add %key%\Below\Deeper /ve /d default /f
reg.exe query %key%
reg.exe query %key% /s
reg.exe query %key% /v Count
reg.exe query %key% /v None
echo none gave %errorlevel%
reg.exe delete %key% /v Name /f
reg.exe query %key%
reg.exe delete %key% /f
reg.exe query %key%
echo gone gave %errorlevel%
