#!/bin/bash
# sqlite3's shell: two writers at one database, journals of every kind, recovery, import, dump, search.
. "${0%/*}/common-debian.sh"

export SQLITE_HISTORY=/dev/null HOME=$folder

# The statements of the first argument on the database; a lock is waited for.
sql() {
	sqlite3 -bail -batch -init /dev/null -cmd '.timeout 100000' data.db "$@" 2>&1
}

# Writes $2 rows as $1, each in a transaction that reads first.
writer() {
	for ((i = 0; i < $2; i++)); do
		echo "begin immediate; insert into lines select coalesce(max(n), 0) + 1, '$1', $i from lines; commit;"
	done | sqlite3 -bail -batch -init /dev/null -cmd '.timeout 100000' data.db
}

two_writers() {
	sql 'drop table if exists lines; create table lines (n integer primary key, who, step);'
	writer a 30 &
	local first=$!
	writer b 30 &
	wait $!; echo "b ends with $?"
	wait $first; echo "a ends with $?"
	sql 'select count(*), max(n), sum(n) from lines; select who, count(*), max(step) from lines group by who; pragma integrity_check;'
}

try 'sql "create table t (a integer primary key, b text); insert into t (b) values (\"one\"), (\"two\"); select * from t;"; ls'
try 'sql -header -column "select * from t" | cat -A; sql -json "select * from t"; sql -csv "select * from t"; sql -line "select * from t where a = 1"'
try 'for mode in delete wal truncate persist memory; do sql "pragma journal_mode = $mode" && two_writers; ls | grep data; done'
try 'sql "pragma journal_mode = wal" "pragma synchronous = off" > /dev/null; two_writers; sql "pragma journal_mode"'
try 'sql "pragma journal_mode = delete; pragma synchronous = full; pragma synchronous; pragma locking_mode = exclusive; insert into t (b) values (\"exclusive\"); select count(*) from t"'
try 'coproc A { sqlite3 -batch -init /dev/null data.db 2>&1; }; echo "begin exclusive; select \"A has it\";" >&${A[1]}; read -r line <&${A[0]}; echo $line; sqlite3 -batch data.db "select count(*) from t"; echo "rollback; select \"A let go\";" >&${A[1]}; read -r line <&${A[0]}; echo $line; sqlite3 -batch data.db "select count(*) from t"; echo .quit >&${A[1]}; wait $A_PID'
try 'coproc A { sqlite3 -batch -init /dev/null data.db 2>&1; }; echo "begin; select count(*) from t;" >&${A[1]}; read -r line <&${A[0]}; echo $line; sqlite3 -batch data.db "insert into t (b) values (\"late\")"; sqlite3 -batch -cmd ".timeout 50" data.db "begin immediate; insert into t (b) values (\"x\"); commit"; echo "end;" >&${A[1]}; echo .quit >&${A[1]}; wait $A_PID; sql "select count(*) from t"'
try 'sql "pragma journal_mode = wal"; coproc A { sqlite3 -batch -init /dev/null data.db 2>&1; }; echo "begin; select count(*) from t;" >&${A[1]}; read -r line <&${A[0]}; sql "insert into t (b) values (\"meanwhile\"); select count(*) from t"; echo "select count(*) from t; commit; select count(*) from t;" >&${A[1]}; read -r old <&${A[0]}; read -r new <&${A[0]}; echo $line $old $new; ls | grep data; echo .quit >&${A[1]}; wait $A_PID; ls | grep data'
try 'sql "pragma journal_mode = delete" > /dev/null; (echo "pragma cache_size = 1; begin; update t set b = zeroblob(50000);"; echo ".shell ls data.db-journal; kill -9 \$PPID") | sqlite3 -batch data.db 2>&1 | cat; ls | grep data; sql "select sum(length(b)) < 1000 from t; pragma integrity_check"; ls | grep data'
try 'sql "begin; delete from t; select count(*) from t; rollback; select count(*) from t; savepoint s; delete from t; rollback to s; release s; select count(*) from t"'
try 'seq 1 5000 | sed "s/.*/&,row &/" > rows.csv; sql "create table rows (n integer, text)" ".import --csv rows.csv rows" "select count(*), sum(n), max(text) from rows"; sql "create index by_text on rows (text)" "select n from rows where text = '\''row 4321'\''" "explain query plan select n from rows where text = '\''x'\''"'
try 'sql .dump > dump.sql; wc -l < dump.sql; sqlite3 copy.db < dump.sql; sqlite3 copy.db "select count(*), sum(n) from rows"; sql ".backup other.db" ; sqlite3 other.db "select count(*) from rows"; sql ".clone cloned.db" | grep -c done; sql "vacuum into '\''small.db'\''"; sqlite3 small.db "pragma integrity_check"'
try 'sql ".tables" ".schema t" ".indexes rows" "pragma table_info(t)" "pragma page_size" "pragma user_version"; sql "analyze; select tbl, stat from sqlite_stat1 where tbl = '\''rows'\''"'
try 'sql "delete from rows where n % 3; pragma freelist_count" | grep -c "^[1-9]"; s=$(stat -c %s data.db); sql vacuum; [ $(stat -c %s data.db) -lt $s ] && echo smaller; sql "pragma auto_vacuum; pragma freelist_count"'
try 'sql "create virtual table notes using fts5(body); insert into notes values (\"a double star\"), (\"a single star\"), (\"a planet\"); select body from notes where notes match \"star NOT single\"; select count(*) from notes(\"a\")"; sql "create virtual table box using rtree(id, x1, x2); insert into box values (1, 0, 5), (2, 4, 9); select id from box where x1 <= 4.5 and x2 >= 4.5"'
try 'sql "select json_extract('\''{\"a\":[1,2]}'\'', '\''\$.a[1]'\''), json_group_array(a) from t"; sql "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) select sum(i), count(*) from n"; sql "select b, row_number() over (order by b desc) from t limit 3"'
try 'sql "pragma mmap_size = 10000000; select count(*), sum(n) from rows; insert into rows select n + 10000, text from rows; select count(*) from rows"; sql "pragma wal_checkpoint; pragma quick_check"'
try 'sql "create trigger log after insert on t begin insert into notes values (new.b); end; insert into t (b) values (\"triggered\"); select body from notes where notes match \"triggered\""; sql "create table child (t references t(a)); pragma foreign_keys = on; insert into child values (999)"'
try 'sql "select * from none"; sql "selec 1"; sql "insert into t (a) values (1)"; sqlite3 -readonly data.db "delete from t"; sqlite3 /no/such/folder/x.db "create table x (y)"; echo junkjunkjunkjunkjunkjunkjunkjunk > junk.db; sqlite3 junk.db "select * from x"'
try 'printf "select 1;\n.print between\nselect\n2;\n.mode quote\nselect '\''its'\'', x'\''00ff'\'', null, 1.5;\n.exit 4\n" | sqlite3 -batch; sqlite3 :memory: ".output out.txt" "select 42" ".once more.txt" "select 43"; cat out.txt; sqlite3 :memory: "select readfile(\"out.txt\") is not null, writefile(\"w.txt\", \"written\")"; cat w.txt; sqlite3 -version | cut -d" " -f1 | grep -c "^3"'
try 'cp small.db bad.db; head -c 6000 /dev/zero | tr "\0" x | dd of=bad.db bs=1000 seek=2 conv=notrunc status=none; sqlite3 bad.db "pragma integrity_check" | head -3; sqlite3 bad.db "select sum(n) from rows"; : > bad.db; sqlite3 bad.db .tables; ls -s bad.db | cut -c1'
