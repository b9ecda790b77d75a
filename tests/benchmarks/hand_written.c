/* A perceptron with sigmoid hidden layers and a linear output, trained on the squared error: what one would write
   by hand to be fast.  The sizes are constants of the compilation (-DI=4 -DH=3 -DK=2; K = 0: one hidden layer), so that
   the compiler unrolls and vectorises as it likes.  Parameters lie unit by unit: its weights, then its bias. */
#include <math.h>
#include <stdint.h>

#if K == 0
#define LAST H
#else
#define LAST K
#endif

typedef struct {
    double w1[H][I], b1[H];
#if K
    double w2[K][H], b2[K];
#endif
    double w3[LAST], b3;
} net;

static inline double sigmoid(double z) { return 1.0 / (1.0 + exp(-z)); }

static void unpack(net *n, const double *p) {
    for (int i = 0; i < H; i++) {
        for (int j = 0; j < I; j++) n->w1[i][j] = *p++;
        n->b1[i] = *p++;
    }
#if K
    for (int i = 0; i < K; i++) {
        for (int j = 0; j < H; j++) n->w2[i][j] = *p++;
        n->b2[i] = *p++;
    }
#endif
    for (int j = 0; j < LAST; j++) n->w3[j] = *p++;
    n->b3 = *p;
}

static void pack(const net *n, double *p) {
    for (int i = 0; i < H; i++) {
        for (int j = 0; j < I; j++) *p++ = n->w1[i][j];
        *p++ = n->b1[i];
    }
#if K
    for (int i = 0; i < K; i++) {
        for (int j = 0; j < H; j++) *p++ = n->w2[i][j];
        *p++ = n->b2[i];
    }
#endif
    for (int j = 0; j < LAST; j++) *p++ = n->w3[j];
    *p = n->b3;
}

/* Forward and backward on one point; calls UPDATE(parameter, gradient) for every parameter. */
#define POINT(n, x, y, UPDATE)                                                                                         \
    double h1[H], d1[H];                                                                                               \
    for (int i = 0; i < H; i++) {                                                                                      \
        double z = (n)->b1[i];                                                                                         \
        for (int j = 0; j < I; j++) z += (n)->w1[i][j] * (x)[j];                                                       \
        h1[i] = sigmoid(z);                                                                                            \
        d1[i] = 0.0;                                                                                                   \
    }                                                                                                                  \
    SECOND(n)                                                                                                          \
    double o = (n)->b3;                                                                                                \
    for (int j = 0; j < LAST; j++) o += (n)->w3[j] * TOP[j];                                                           \
    double e = o - (y), g = 2.0 * e;                                                                                   \
    SECOND_BACK(n, UPDATE)                                                                                             \
    for (int j = 0; j < LAST; j++) UPDATE(w3[j], g * TOP[j])                                                           \
    UPDATE(b3, g)                                                                                                      \
    for (int i = 0; i < H; i++) {                                                                                      \
        double d = d1[i] * h1[i] * (1.0 - h1[i]);                                                                      \
        for (int j = 0; j < I; j++) UPDATE(w1[i][j], d * (x)[j])                                                       \
        UPDATE(b1[i], d)                                                                                               \
    }

#if K
#define TOP h2
#define SECOND(n)                                                                                                      \
    double h2[K];                                                                                                      \
    for (int i = 0; i < K; i++) {                                                                                      \
        double z = (n)->b2[i];                                                                                         \
        for (int j = 0; j < H; j++) z += (n)->w2[i][j] * h1[j];                                                        \
        h2[i] = sigmoid(z);                                                                                            \
    }
#define SECOND_BACK(n, UPDATE)                                                                                         \
    double d2[K];                                                                                                      \
    for (int i = 0; i < K; i++) d2[i] = g * (n)->w3[i] * h2[i] * (1.0 - h2[i]);                                        \
    for (int i = 0; i < K; i++)                                                                                        \
        for (int j = 0; j < H; j++) d1[j] += d2[i] * (n)->w2[i][j];                                                    \
    for (int i = 0; i < K; i++) {                                                                                      \
        for (int j = 0; j < H; j++) UPDATE(w2[i][j], d2[i] * h1[j])                                                    \
        UPDATE(b2[i], d2[i])                                                                                           \
    }
#else
#define TOP h1
#define SECOND(n)
#define SECOND_BACK(n, UPDATE)                                                                                         \
    for (int j = 0; j < H; j++) d1[j] = g * (n)->w3[j];
#endif

/* An epoch of stochastic gradient descent; the sum of the points' losses. */
double descend(double *p, const double *x, const double *y, int64_t rows, double rate) {
    net n;
    double loss = 0.0;
    unpack(&n, p);
#define STEP(place, gradient) n.place -= rate * (gradient);
    for (int64_t r = 0; r < rows; r++) {
        POINT(&n, x + I * r, y[r], STEP)
        loss += e * e;
    }
    pack(&n, p);
    return loss;
}

/* The gradient of the sum of squared errors; the sum itself. */
double gradient(const double *p, const double *x, const double *y, int64_t rows, double *out) {
    net n, s = {0};
    double loss = 0.0;
    unpack(&n, p);
#define ADD(place, gradient) s.place += (gradient);
    for (int64_t r = 0; r < rows; r++) {
        POINT(&n, x + I * r, y[r], ADD)
        loss += e * e;
    }
    pack(&s, out);
    return loss;
}
