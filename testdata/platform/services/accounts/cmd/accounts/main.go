// Accounts owns tenants, their sites, lockers, API keys and domains.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"

	"lockerline.dev/platform/pkg/dns"
	accountsv1 "lockerline.dev/platform/pkg/pb/accounts/v1"
	"lockerline.dev/platform/pkg/postgres"
	"lockerline.dev/platform/pkg/tenancy"
	"lockerline.dev/platform/services/accounts/internal/config"
	"lockerline.dev/platform/services/accounts/internal/jobs"
	"lockerline.dev/platform/services/accounts/internal/rpc"
	"lockerline.dev/platform/services/accounts/internal/store"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, log); err != nil {
		log.Error("accounts stopped", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, log *slog.Logger) error {
	cfg, err := config.Load()
	if err != nil {
		return err
	}
	pool, err := postgres.Open(ctx, cfg.DatabaseURL, cfg.MaxConns)
	if err != nil {
		return err
	}
	defer pool.Close()
	zone, err := dns.NewZone(cfg.DNSToken, cfg.DNSZone)
	if err != nil {
		return err
	}

	st := store.New(pool)
	retention := jobs.NewRetention(st, cfg.RetentionDays, log)
	go retention.Run(ctx, cfg.RetentionEvery)

	server := grpc.NewServer(grpc.UnaryInterceptor(tenancy.UnaryInterceptor(
		[]byte(cfg.InternalSecret),
		accountsv1.AccountsService_ResolveApiKey_FullMethodName,
	)))
	accountsv1.RegisterAccountsServiceServer(server, rpc.NewServer(st, zone, cfg.EdgeHost, log))

	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	go func() {
		<-ctx.Done()
		server.GracefulStop()
	}()
	log.Info("accounts listening", "address", cfg.Listen)
	return server.Serve(listener)
}
