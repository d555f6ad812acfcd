// Serves a fleet with client_golang's GaugeVec, for the scrape bench.
//
// It first prints its port, and then answers each line on standard input: it has no event loop
// whose lateness could be measured.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	venues   = 39
	liveness = 12 // families with one series a host
)

var modes = []string{"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"}

func gauges(hosts, series int) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	ofHost := []string{"venue", "host", "instance"}
	singles := make([]*prometheus.GaugeVec, liveness)
	for at := range singles {
		singles[at] = prometheus.NewGaugeVec(
			prometheus.GaugeOpts{Name: fmt.Sprintf("bench_host_%d", at), Help: "A number."}, ofHost)
		registry.MustRegister(singles[at])
	}
	byCPU := prometheus.NewGaugeVec(
		prometheus.GaugeOpts{Name: "node_cpu_seconds_total", Help: "Seconds."},
		append(ofHost, "cpu", "mode"))
	registry.MustRegister(byCPU)
	for index := 0; index < hosts; index++ {
		venue, host := fmt.Sprintf("V%02d", index%venues), fmt.Sprintf("host-%05d", index)
		for at := 0; at < series; at++ {
			number := math.Round(rand.Float64()*1e7) / 100
			if at < liveness {
				singles[at].WithLabelValues(venue, host, host).Set(number)
				continue
			}
			cpu, mode := (at-liveness)/len(modes), modes[(at-liveness)%len(modes)]
			byCPU.WithLabelValues(venue, host, host, strconv.Itoa(cpu), mode).Set(number)
		}
	}
	return registry
}

func main() {
	hosts := flag.Int("hosts", 0, "hosts of the fleet")
	series := flag.Int("series", 0, "series of each")
	flag.Parse()
	http.Handle("/metrics", promhttp.HandlerFor(gauges(*hosts, *series), promhttp.HandlerOpts{}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go http.Serve(listener, nil)
	fmt.Printf("{\"port\": %d}\n", listener.Addr().(*net.TCPAddr).Port)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Println("{}")
	}
}
