// Billing keeps balances, meters usage and writes invoices.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"lockerline.dev/platform/pkg/kafka"
	billingv1 "lockerline.dev/platform/pkg/pb/billing/v1"
	"lockerline.dev/platform/pkg/postgres"
	"lockerline.dev/platform/pkg/tenancy"
	"lockerline.dev/platform/services/billing/internal/config"
	"lockerline.dev/platform/services/billing/internal/consume"
	"lockerline.dev/platform/services/billing/internal/invoice"
	"lockerline.dev/platform/services/billing/internal/ledger"
	"lockerline.dev/platform/services/billing/internal/outbox"
	"lockerline.dev/platform/services/billing/internal/rpc"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, log); err != nil {
		log.Error("billing stopped", "error", err)
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
	producer, err := kafka.NewProducer(cfg.Brokers)
	if err != nil {
		return err
	}
	defer producer.Close()
	consumer, err := kafka.NewConsumer(kafka.Config{Brokers: cfg.Brokers, Group: cfg.Group}, log)
	if err != nil {
		return err
	}

	balances := ledger.NewBalances(pool)
	rates := ledger.NewRates(pool)
	usage := ledger.NewUsage(pool)
	invoices := invoice.NewService(pool, invoice.NewRepository(pool), log)

	deadLetters := kafka.DeadLetter{
		Producer: producer, Topic: cfg.Topics.DeadLetters, Attempts: cfg.Attempts, Log: log,
	}
	consume.New(pool, balances, usage, log).Register(consumer, cfg.Topics, deadLetters)

	server := grpc.NewServer(grpc.UnaryInterceptor(tenancy.UnaryInterceptor([]byte(cfg.InternalSecret))))
	billingv1.RegisterBillingServiceServer(server, rpc.NewServer(balances, rates, invoices))
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return consumer.Run(ctx) })
	group.Go(func() error { return outbox.NewRelay(pool, producer, log).Run(ctx, cfg.RelayEvery) })
	group.Go(func() error { return invoice.NewMonthly(pool, usage, log).Run(ctx, cfg.InvoiceEvery) })
	group.Go(func() error {
		<-ctx.Done()
		server.GracefulStop()
		return nil
	})
	group.Go(func() error { return server.Serve(listener) })
	log.Info("billing running", "address", cfg.Listen)
	return group.Wait()
}
