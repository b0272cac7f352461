package fraudline.kinesis;

import java.io.Serializable;
import java.net.URI;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.KinesisClientBuilder;

/** How to reach Kinesis. Credentials come from the default chain of the AWS SDK. */
public final class KinesisOptions implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String region;
    private final String endpoint;

    /**
     * @param endpoint URL of another Kinesis than the region's own; null for the region's own.
     */
    public KinesisOptions(String region, String endpoint) {
        this.region = region;
        this.endpoint = endpoint;
    }

    KinesisClient client() {
        KinesisClientBuilder builder =
                KinesisClient.builder()
                        .region(Region.of(region))
                        .httpClientBuilder(UrlConnectionHttpClient.builder());
        if (endpoint != null) {
            // The SDK would speak CBOR; JSON is what every implementation of Kinesis understands.
            System.setProperty("aws.cborEnabled", "false");
            builder.endpointOverride(URI.create(endpoint));
        }
        return builder.build();
    }
}
