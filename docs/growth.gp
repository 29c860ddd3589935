# How PyFlix grows with its catalogue: gnuplot docs/growth.gp draws docs/growth.svg.
# The figures are those of docs/PERFORMANCE.md.
set terminal svg size 860,360 font "sans-serif,13" background "#ffffff"
set output "docs/growth.svg"
# movies, memory in MiB, start in s, then medians in ms: a page, filtered, search, typing error
$grown << END
22 14 0.02 0.3 0.4 0.4 0.4
1000 15 0.02 0.3 1.3 0.5 0.4
100000 180 1.0 2.1 3.3 1.1 1.4
1000000 1503 13.2 2.3 5.9 5.4 9.2
END
set logscale xy
set xlabel "movies"
set xrange [15:1500000]
set format x "10^%T"
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set key top left Left reverse samplen 2
set multiplot layout 1,2
set ylabel "milliseconds, median, nothing ready"
plot $grown u 1:4 w lp lw 2 pt 7 lc rgb "#1b6f8a" t "a page of the list", \
     $grown u 1:5 w lp lw 2 pt 7 lc rgb "#b4552d" t "filtered and sorted", \
     $grown u 1:6 w lp lw 2 pt 7 lc rgb "#5d7f2f" t "search", \
     $grown u 1:7 w lp lw 2 pt 7 lc rgb "#7a4f9a" t "search with a typing error"
set ylabel "web app"
plot $grown u 1:2 w lp lw 2 pt 7 lc rgb "#1b6f8a" t "memory, MiB", \
     $grown u 1:3 w lp lw 2 pt 7 lc rgb "#b4552d" t "start to ready, s"
unset multiplot
