package guard

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ordercloud-operator/ordercloud-operator/api/v1alpha1"
)

func (g *Guard) Grace(context.Context, client.Object, v1alpha1.MarketplaceReference) (time.Duration, error) {
	return 0, nil
}
