#!/bin/bash
# git: from init to merge, rebase, stash, bisect, packs, clones, hooks and what goes wrong.
. "${0%/*}/common-debian.sh"

export HOME=$folder GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0 GIT_PAGER=cat GIT_EDITOR=:
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.org GIT_COMMITTER_NAME=Bob GIT_COMMITTER_EMAIL=bob@example.org
export GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z'
unset GIT_DIR GIT_WORK_TREE
# What lies above the folder is not looked for; nothing runs in the background; one step alone waits for the disk.
export GIT_CEILING_DIRECTORIES=$folder GIT_CONFIG_COUNT=4
export GIT_CONFIG_KEY_0=gc.auto GIT_CONFIG_VALUE_0=0 GIT_CONFIG_KEY_1=pack.threads GIT_CONFIG_VALUE_1=1
export GIT_CONFIG_KEY_2=core.fsync GIT_CONFIG_VALUE_2=none GIT_CONFIG_KEY_3=advice.detachedHead GIT_CONFIG_VALUE_3=false

try 'git -c init.defaultBranch=main init -q one; cd one; git status -sb; git rev-parse --git-dir; ls .git | sort'
try 'printf "first\nsecond\nthird\n" > text; mkdir sub; echo deep > sub/file; git add .; git status -s; git commit -qm "first"; git log --oneline; git status'
try 'git cat-file -p HEAD; git ls-tree -r HEAD; git rev-parse HEAD^{tree}; find .git/objects -type f | wc -l'
try 'sed -i "s/second/changed/" text; echo more > new; ln -s text link; chmod +x sub/file; git diff; git diff --stat; git add -A; git diff --cached --summary; git commit -qm "second"; git show --stat --format=%s'
try 'git log --format="%h %an %cn %ad %s" --date=iso; git log -p -1 --format=%s text; git shortlog -sn HEAD < /dev/null; git blame -s text'
try 'git checkout -q -b side HEAD~1; echo side > side.txt; git add side.txt; git commit -qm "on the side"; git branch -v | cat; ls; git checkout -q main; ls'
try 'git merge -q -m "merge the side" side; git log --graph --oneline; ls; git branch -d side'
try 'git checkout -q -b clash HEAD~1; sed -i "s/first/theirs/" text; git commit -qam theirs; git checkout -q main; sed -i "s/first/ours/" text; git commit -qam ours; git merge clash; git status -s; cat text'
try 'git diff --name-only --diff-filter=U; git checkout --theirs text; git add text; git commit -qm "solved"; cat text; git merge-base main clash; git merge clash'
try 'git checkout -q -b topic HEAD~2; for i in 1 2 3; do echo $i > t$i; git add t$i; git commit -qm "topic $i"; done; git rebase -q main; git log --oneline -5; git checkout -q main; git merge --ff-only -q topic; git log -1 --format=%s'
try 'echo dirty >> text; echo untracked > u; git stash -q -u; git status -s; git stash list; git stash pop -q; git status -s; git checkout -q -- text; rm u'
try 'git tag light; git tag -a -m "a tag" v1; git tag -n; git describe; git show -s --format=%H v1 | wc -l; git rev-parse v1 HEAD; git for-each-ref'
try 'echo a > r; git add r; git reset -q; git status -s; git reset -q --hard HEAD~1; git log -1 --format=%s; git reset -q --hard ORIG_HEAD; git reflog | head -3; git clean -fdq; git status -s'
try 'git cherry-pick clash; git cherry-pick --abort; git revert --no-edit HEAD | head -1 | cut -d" " -f1; ls t*; git mv t1 moved; git commit -qm "move"; git log --follow --oneline moved'
try 'git grep -n deep; git grep -c o HEAD~1 -- sub text; git log --oneline -S changed; git log --oneline --grep=topic --all | wc -l; git rev-list --count --all'
try 'for i in $(seq 1 20); do echo "line $i" >> long; git add long; git commit -qm "step $i"; done; git count-objects | cut -d" " -f1,2; git log --oneline | wc -l'
try 'git gc -q; git count-objects -v | grep -v size; ls .git/objects/pack | sed "s/-[0-9a-f]*/-NAME/" | sort; git fsck; git verify-pack .git/objects/pack/*.idx'
try 'git bisect start HEAD HEAD~12 | wc -l; git bisect run sh -c "! grep -q \"line 13\" long" | grep "first bad"; git bisect log | grep -c "# "; git bisect reset 2> /dev/null; git status -s'
try 'cd ..; git clone -q one two; cd two; git log --oneline | wc -l; git remote -v | hide_folder; git branch -a; diff -r -x .git . ../one; stat -c %h ../two/.git/objects/pack/*.pack; cd ../one'
try 'cd ..; git clone -q --no-hardlinks --bare one bare.git; git clone -q --depth 3 "file://$PWD/bare.git" shallow; git -C shallow log --oneline | wc -l; git -C bare.git rev-parse --is-bare-repository; git clone -q --reference one bare.git third; cat third/.git/objects/info/alternates | hide_folder; cd one'
try 'cd ../two; git remote set-url origin ../bare.git; echo pushed > p; git add p; git commit -qm pushed; git push -q origin main; cd ../third; git pull -q; cat p; git fetch -q --prune; git branch -vv; cd ../one'
try 'cd ../third; git reset -q --hard HEAD~1; echo other > q; git add q; git commit -qm other; git push -q 2>&1 | grep rejected | sed "s/  */ /g"; git pull -q --rebase; git push -q; git log --oneline -2; cd ../one'
try 'printf "#!/bin/sh\necho hook runs\ngrep -q forbidden long && exit 1\nexit 0\n" > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; echo x > h; git add h; git commit -m hooked | head -2; echo forbidden >> long; git commit -qam never; git commit -qnam anyway; git log -1 --format=%s'
try 'git worktree add -q ../tree HEAD~2; git worktree list | sed "s|$folder||; s/  */ /g"; git -C ../tree log -1 --format=%s; git worktree remove ../tree; git worktree list | wc -l'
try 'git format-patch -q -2 -o ../patches; ls ../patches; cd ../two; git am -q ../patches/0001* 2>&1 | head -1; git am --abort; git apply --stat ../patches/0002*; cd ../one'
try 'git archive --format=tar HEAD | tar tf - | head -4; git archive --prefix=p/ HEAD sub | tar xf - -C ..; cat ../p/sub/file; git bundle create -q ../b.bundle main; git bundle verify -q ../b.bundle; git clone -q -b main ../b.bundle ../from; git -C ../from log --oneline | wc -l'
try 'cd ../two; git -c protocol.file.allow=always submodule --quiet add ../bare.git mod; git submodule status | cut -c42-; cat .gitmodules; git commit -qm "with a module"; cd ../one'
try 'head -c 300000 /dev/zero | tr "\0" x > big; seq 1 40000 > numbers; git add big numbers; git -c core.hooksPath=/dev/null -c core.fsync=all commit -qm big; git repack -adq; git cat-file -s HEAD:big; git show HEAD:numbers | md5sum; git hash-object numbers; git fsck --full'
try 'mkdir -p many/{0..9}; for i in $(seq 1 200); do echo $i > many/$((i % 10))/$i; done; git add many; git diff --cached --shortstat; git commit -qnm many; git rm -rq many; git commit -qnm fewer; git diff --shortstat HEAD~1; ls many'
try 'cd ..; git log; git clone none nowhere; git -C one checkout missing; git -C one commit -qm nothing | head -1; git -C one merge no-such-branch; printf junk > one/.git/index; git -C one status; rm one/.git/index; git -C one reset -q; git -C one status -s'
try 'cd one; touch .git/index.lock; git add text 2>&1 | hide_folder; rm .git/index.lock; chmod 000 .git/HEAD; [ $(id -u) = 0 ] || git status | head -1; chmod 644 .git/HEAD; printf "*.o\nbuild/\n" > .gitignore; mkdir build; touch a.o build/x; git status -s; git check-ignore -v a.o build/x'
