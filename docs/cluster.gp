# How the time from commit to served grows with the number of web apps: gnuplot docs/cluster.gp draws
# docs/cluster.svg. The figures are those of docs/PERFORMANCE.md.
set terminal svg size 860,360 font "sans-serif,13" background "#ffffff"
set output "docs/cluster.svg"
# web apps, then milliseconds until all serve a version: median, p99
$small << END
1 3.6 5.5
2 6.7 10.7
4 16.2 25.8
8 31.9 53.0
END
# 100,000 movies
$large << END
1 5.7 7.7
2 9.3 13.7
4 20.1 35.5
8 44.8 66.6
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
