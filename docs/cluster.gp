# How the time from commit to served grows with the number of web apps: gnuplot docs/cluster.gp draws
# docs/cluster.svg. The figures are those of docs/PERFORMANCE.md.
set terminal svg size 860,360 font "sans-serif,13" background "#ffffff"
set output "docs/cluster.svg"
# web apps, then milliseconds until all serve a version: median, p99
$small << END
1 1.9 2.9
2 3.5 6.8
4 11.8 16.7
8 26.5 47.1
END
# 100,000 movies: not measured yet
$large << END
END
set logscale xy
set xlabel "web apps"
set ylabel "milliseconds from commit to served on all"
set xrange [0.9:9]
set xtics (1, 2, 4, 8)
set grid ytics lc rgb "#dddddd"
set border 3
set tics nomirror
set key top left Left reverse samplen 2
plot $small u 1:2 w lp lw 2 pt 7 lc rgb "#1b6f8a" t "22 movies, median", \
     $small u 1:3 w lp lw 2 pt 6 dt 2 lc rgb "#1b6f8a" t "22 movies, p99", \
     $large u 1:2 w lp lw 2 pt 7 lc rgb "#b4552d" t "100,000 movies, median", \
     $large u 1:3 w lp lw 2 pt 6 dt 2 lc rgb "#b4552d" t "100,000 movies, p99"
